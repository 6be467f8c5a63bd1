"""How much does a selectively encrypted image still give away?"""

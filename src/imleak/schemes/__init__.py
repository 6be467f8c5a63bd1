"""What is encrypted: one selective encryption a file.

| name | what is encrypted | reference |
|---|---|---|
| `bitplanes` | the s most significant bits of every sample | Puteaux, Itier & Bas, EUSIPCO 2021 |
| `region` | every sample inside a rectangle | McPherson, Shokri & Shmatikov, 2016 |
| `etc` | the places and turns of blocks | Kurihara, Shiota & Kiya, 2015; Chuman & Kiya, 2018 |
| `jpeg-signs` | signs of JPEG coefficients | Puech (ed.), Multimedia Security 2, 2022 |
| `jpeg-amplitudes` | amplitude bits of JPEG coefficients | Puech & Rodrigues, 2005 |
| `p3` | DC, and JPEG coefficients above a threshold | Ra, Govindan & Ortega, 2013 |

A scheme is an :class:`imleak.interfaces.Scheme`. It draws every key byte from the
keystream it is given and has no state of its own, so that one object serves all images.
"""

"""Random variations of a frame under which its labels stay valid; docs/augmentation.md shows them."""

AUGMENTATIONS = ("none", "light", "appearance", "geometry", "strong")
"""Named sets of variations, for `PainFrames` and `pain3d train --augmentation`.

- none: frames as they are.
- light: small shift and scale, mirror image, brightness and contrast.
- appearance: light's geometry, and colours, blur, noise, down-up sampling and JPEG.
- geometry: light's brightness and contrast, and a wide shift, scale, rotation, aspect and perspective.
- strong: both, and backgrounds, occluders, the low frequencies of another frame, colour tables, random convolutions.
"""

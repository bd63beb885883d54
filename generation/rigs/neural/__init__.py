"""Neural face rigging: from a neutral mesh and action units to per-triangle Jacobians, integrated by a Poisson solve.

The method is that of Qin et al., "Neural Face Rigging for Animating and Retargeting Facial Meshes in the Wild"
(SIGGRAPH 2023): DiffusionNet encoders (Sharp et al. 2022) and a Neural Jacobian Fields decoder (Aigerman et al. 2022).
Needs the extra `neural`. Lengths are millimetres in the head frame of `generation.heads`, unless a docstring says else.
"""

"""Pictures painted by pipelines of diffusers under depth maps, masks and words. Knows no face."""

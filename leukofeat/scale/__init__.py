"""The scale of an image: how many pixels a red cell measures, with its uncertainty."""

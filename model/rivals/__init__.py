"""The models that SPiKE is measured against."""

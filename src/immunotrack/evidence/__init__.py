"""What trials saw: effects pooled over studies. Nothing here knows a patient."""

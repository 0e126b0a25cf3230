"""`template.yaml`, read as CloudFormation does."""

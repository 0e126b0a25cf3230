"""What `template.yaml` says, read as CloudFormation does."""

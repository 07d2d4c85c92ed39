"""What moto lacks. Each file corrects one behaviour and has a contract test that tells when moto has caught up."""

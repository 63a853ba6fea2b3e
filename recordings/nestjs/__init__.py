"""NestJS microservices, recorded."""

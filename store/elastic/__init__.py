"""The store on Elasticsearch: the only place that knows it."""

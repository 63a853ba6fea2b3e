"""Five small services that turn uploaded images into labelled 3D models.

A real system to observe: it talks AMQP through aio-pika, names its connections,
fails one image in ten and retries one in twenty.
It knows nothing of what observes it, and writes down what it really did, so
that whatever is rebuilt from outside can be compared with the truth.
"""

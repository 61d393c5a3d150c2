"""What a channel layer may fail with; Redis may be away, and may not even be installed."""

try:
    from redis.exceptions import RedisError
except ModuleNotFoundError:
    FAILURES: tuple[type[Exception], ...] = (OSError,)
else:
    FAILURES = (OSError, RedisError)  # a TimeoutError is an OSError

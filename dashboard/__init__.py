"""The dashboard: what people open in the browser. It imports `hub`; the hub never imports it."""

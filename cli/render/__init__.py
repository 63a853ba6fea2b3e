"""Draw the API's JSON objects as lines for a terminal. Pure; broker text is made safe when it is written."""

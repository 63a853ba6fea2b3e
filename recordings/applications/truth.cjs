// What a recorded application knows of its own messages, told beside them into a file; the Node side of truth.py.
"use strict";

const { appendFileSync } = require("node:fs");

/** Tell that `service` sends the message `marker` because of the message `cause`, null for a beginning. */
exports.sent = (marker, service, cause = null) => {
  appendFileSync(process.env.RECORDING_TRUTH, JSON.stringify({ sent: marker, service, cause }) + "\n");
};

/** Return what stands in the body of the message `name`. */
exports.mark = (name) => `~${name}~`;

/** Return the name of the first marker in `text`, a message's body. */
exports.nameIn = (text) => String(text).split("~")[1];

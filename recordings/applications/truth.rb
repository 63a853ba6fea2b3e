# What a recorded application knows of its own messages, told beside them into a file; the Ruby side of truth.py.

require "json"

# Tell that service sends the message marker because of the message cause, nil for a beginning.
def sent(marker, service, cause = nil)
  line = JSON.generate({ sent: marker, service: service, cause: cause }) + "\n"
  File.open(ENV.fetch("RECORDING_TRUTH"), "a") { |file| file.syswrite(line) }
end

# Return what stands in the body of the message name.
def mark(name)
  "~#{name}~"
end

# Return the name of the first marker in text, a message's body.
def name_in(text)
  text.split("~")[1]
end

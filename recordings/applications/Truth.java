package recording;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** What a recorded application knows of its own messages, told beside them into a file; the Java side of truth.py. */
public final class Truth {
    private static final Path FILE = Path.of(System.getenv("RECORDING_TRUTH"));

    private Truth() {}

    /** Tell that {@code service} sends the message {@code marker} because of {@code cause}, null for a beginning. */
    public static synchronized void sent(String marker, String service, String cause) {
        String line = "{\"sent\": \"%s\", \"service\": \"%s\", \"cause\": %s}\n"
                .formatted(marker, service, cause == null ? "null" : "\"" + cause + "\"");
        try {
            Files.writeString(FILE, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException failed) {
            throw new IllegalStateException(failed);
        }
    }

    /** Return what stands in the body of the message {@code name}. */
    public static String mark(String name) {
        return "~" + name + "~";
    }

    /** Return the name of the first marker in {@code body}. */
    public static String nameIn(String body) {
        return body.split("~")[1];
    }

    /** Return the name of the first marker in {@code body}. */
    public static String nameIn(byte[] body) {
        return nameIn(new String(body, StandardCharsets.UTF_8));
    }
}

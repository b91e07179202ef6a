import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Scanner;

public class Main {
    public static void main(String[] arguments) throws Exception {
        Scanner lines = new Scanner(System.in);
        while (lines.hasNextLine()) {
            String[] fields = lines.nextLine().split(" ");
            String header = fields[1].equals("-")
                ? null : new String(decoded(fields[1].substring(1)), StandardCharsets.UTF_8);
            System.out.println(WebhookSignature.verify(fields[0], header, decoded(fields[2])));
        }
    }

    private static byte[] decoded(String text) {
        return Base64.getDecoder().decode(text);
    }
}

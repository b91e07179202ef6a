using System;
using System.Text;

public static class Receiver
{
    public static void Main()
    {
        for (string line = Console.ReadLine(); line != null; line = Console.ReadLine())
        {
            var fields = line.Split(' ');
            var header = fields[1] == "-"
                ? null : Encoding.UTF8.GetString(Convert.FromBase64String(fields[1].Substring(1)));
            var accepted = WebhookSignature.Verify(fields[0], header, Convert.FromBase64String(fields[2]));
            Console.WriteLine(accepted ? "true" : "false");
        }
    }
}

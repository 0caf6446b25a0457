using Libvirtd.Protocol;
using Xunit;

namespace Libvirtd.Documents.Tests;

/// <summary>
/// What upstream says of broken domains, by the hundred: each entry of the file is a name, a document on one line, and upstream's code, domain and message.
/// </summary>
public sealed class FaultTests
{
    [Theory]
    [InlineData("domain-faults.txt", 200)]
    [InlineData("newer-faults.txt", 29)] // of what came after 9.0, as 11.3 says it
    public void Broken_domains_get_upstreams_errors(string file, int least)
    {
        List<string> different = [];
        string[] entries = Golden.Text(file).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        foreach (string entry in entries)
        {
            string[] lines = entry.Trim('\n').Split('\n');
            string actual;
            try
            {
                actual = "no error:\n" + Golden.Print("domain", lines[1]);
            }
            catch (VirException e)
            {
                actual = $"{(int)e.Code} {(int)e.Domain} {e.Message}";
            }

            if (actual != lines[2])
                different.Add($"{lines[0]}\n  expected {lines[2]}\n  actual   {actual}");
        }

        Assert.True(different.Count == 0, $"{different.Count} of {entries.Length} differ\n{string.Join('\n', different)}");
        Assert.True(entries.Length >= least);
    }
}

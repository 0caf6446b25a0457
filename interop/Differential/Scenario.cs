namespace Libvirtd.Interop.Differential;

/// <summary>
/// A list of virsh commands that run in one virsh process, read from <c>Scenarios/NAME.virsh</c>: one command a line; blank lines and lines that
/// start with <c>#</c> say nothing to virsh. A line that starts with <c>%</c> sets how virsh connects: <c>%readonly</c> (virsh -r),
/// <c>%tcp</c>, <c>%node FILE</c> (the hypervisor that the file describes, instead of the default one), or <c>%upstream SCHEME PATH</c> (the driver
/// of upstream's that is the measure, where its test driver has no such objects).
/// </summary>
public sealed record Scenario(string Name, IReadOnlyList<string> Commands, bool ReadOnly, bool Tcp, string? Node, (string Scheme, string Path)? Upstream)
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Scenarios");

    /// <summary>The folder of the documents that commands name; a copy of it is virsh's working folder.</summary>
    public static string Files { get; } = Path.Combine(Folder, "files");

    public static IReadOnlyList<string> AllNames { get; } =
        [.. Directory.EnumerateFiles(Folder, "*.virsh").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    public static Scenario Load(string name) => Parse(name, File.ReadAllLines(Path.Combine(Folder, $"{name}.virsh")));

    /// <exception cref="FormatException">A directive is unknown.</exception>
    public static Scenario Parse(string name, IEnumerable<string> lines)
    {
        List<string> commands = [];
        Scenario scenario = new(name, commands, ReadOnly: false, Tcp: false, Node: null, Upstream: null);
        foreach (string line in lines.Select(line => line.Trim()))
        {
            if (line.Length == 0 || line[0] == '#') continue;
            if (line[0] != '%')
            {
                commands.Add(line);
                continue;
            }

            scenario = line.Split(' ') switch
            {
                ["%readonly"] => scenario with { ReadOnly = true },
                ["%tcp"] => scenario with { Tcp = true },
                ["%node", string file] => scenario with { Node = file },
                ["%upstream", string scheme, string path] => scenario with { Upstream = (scheme, path) },
                _ => throw new FormatException($"{name}: unknown directive: {line}"),
            };
        }

        return scenario;
    }
}

using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>A named CPU of x86.</summary>
/// <param name="Name">Such as Haswell-noTSX.</param>
/// <param name="Vendor">Intel, AMD ...; null for one that is nobody's.</param>
/// <param name="IsOld">It is known, but is not chosen to describe a CPU.</param>
/// <param name="Features">Its features by their numbers.</param>
/// <param name="Removed">Features that it had once: a guest that is to have them must say so.</param>
internal sealed record CpuModel(string Name, string? Vendor, bool IsOld, IReadOnlySet<int> Features, IReadOnlyList<string> Removed);

/// <summary>The named CPUs of x86 and the features they are made of. A feature's number is its place in documents.</summary>
internal sealed class CpuMap
{
    private readonly List<string> _features = [];
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly HashSet<string> _unmigratable = new(StringComparer.Ordinal);
    private readonly List<CpuModel> _models = [];
    private readonly string[] _vendors = [];

    private CpuMap(TextReader text)
    {
        while (text.ReadLine() is { } line)
        {
            if (line.Length == 0 || line[0] == '#')
                continue;
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            switch (words[0])
            {
                case "vendors":
                    _vendors = words[1..];
                    break;
                case "features":
                    foreach (string name in words[1..])
                    {
                        _numbers[name] = _features.Count;
                        _features.Add(name);
                    }

                    break;
                case "unmigratable":
                    _unmigratable.UnionWith(words[1..]);
                    break;
                default:
                    _models.Add(ReadModel(line));
                    break;
            }
        }
    }

    /// <summary>The one map; it never changes.</summary>
    public static CpuMap X86 { get; } = Load();

    /// <summary>All models, in the order in which upstream lists them.</summary>
    public IReadOnlyList<CpuModel> Models => _models;

    public CpuModel? Find(string name) => _models.Find(model => model.Name == name);

    public bool HasVendor(string name) => _vendors.Contains(name);

    public bool IsMigratable(string feature) => !_unmigratable.Contains(feature);

    public string Name(int feature) => _features[feature];

    /// <exception cref="VirException">The feature is unknown.</exception>
    public int Number(string feature) => _numbers.TryGetValue(feature, out int number)
        ? number
        : throw VirException.Internal(ErrorDomain.Cpu, $"Unknown CPU feature {feature}");

    private static CpuMap Load()
    {
        using Stream resource = typeof(CpuMap).Assembly.GetManifestResourceStream("cpus-x86.txt")!;
        using StreamReader reader = new(resource);
        return new CpuMap(reader);
    }

    private CpuModel ReadModel(string line)
    {
        int colon = line.IndexOf(':', StringComparison.Ordinal);
        string[] head = line[..colon].Split(' ');
        HashSet<int> features = [];
        List<string> removed = [];
        foreach (string word in line[(colon + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (word[0] == '=')
                features.UnionWith(Find(word[1..])!.Features);
            else if (word[0] == '-')
                features.Remove(_numbers[word[1..]]);
            else if (word[0] == '!')
                removed.Add(word[1..]);
            else
                features.Add(_numbers[word]);
        }

        return new CpuModel(head[1], head.Skip(2).FirstOrDefault(static word => word != "old"), head.Contains("old"), features, removed);
    }
}

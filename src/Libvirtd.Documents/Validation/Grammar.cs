using System.Reflection;

namespace Libvirtd.Documents;

/// <summary>The schemas of all documents, read from the texts in <c>Schemas</c> when the first document is validated.</summary>
internal sealed class Grammar
{
    private static readonly Lazy<Grammar> s_instance = new(static () => new Grammar());

    private static readonly string[] s_texts =
    [
        "values", "addresses", "cpu", "network-parts", "storage-parts", "disk", "devices", "interface-device", "characters", "hostdev", "platform", "tuning",
        "domain", "moments", "network", "pool", "volume", "interface", "nodedev", "nwfilter", "secret",
    ];

    /// <summary>The definition of each document, by the name of libvirt's own file, which errors tell.</summary>
    private static readonly (string File, string Definition)[] s_files =
    [
        ("domain.rng", "domain"), ("domainsnapshot.rng", "domainsnapshot"), ("domaincheckpoint.rng", "domaincheckpoint"), ("domainbackup.rng", "domainbackup"),
        ("cpu.rng", "cpu"), ("network.rng", "network"), ("networkport.rng", "networkport"), ("storagepool.rng", "storagepool"), ("storagevol.rng", "storagevol"),
        ("interface.rng", "host-interface"), ("nodedev.rng", "nodedev"), ("nwfilter.rng", "nwfilter"), ("nwfilterbinding.rng", "nwfilterbinding"),
        ("secret.rng", "secret"),
    ];

    private readonly Dictionary<string, Pattern> _roots = new(StringComparer.Ordinal);

    private Grammar()
    {
        GrammarReader reader = new();
        foreach (string text in s_texts)
        {
            using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(text + ".schema")
                ?? throw new InvalidOperationException($"{text}.schema is missing");
            using StreamReader all = new(stream);
            reader.Add(all.ReadToEnd());
        }

        foreach ((string file, string definition) in s_files)
            _roots.Add(file, reader.Define(definition));
        Pool = reader.Pool;
    }

    public static Grammar Instance => s_instance.Value;

    public PatternPool Pool { get; }

    /// <summary>What a document's root may be.</summary>
    public Pattern Root(string file) => _roots[file];
}

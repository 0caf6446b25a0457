using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>How a driver wants documents other than domains read.</summary>
public sealed class DocumentOptions
{
    /// <summary>Whose error a broken document is; null for the document kind's own.</summary>
    public ErrorDomain? ErrorDomain { get; init; }

    /// <summary>The caller asked for validation by the schema.</summary>
    public bool Validate { get; init; }

    /// <summary>Where new uuids come from.</summary>
    public Func<Guid> NewUuid { get; init; } = Guid.NewGuid;

    /// <summary>Where new MAC addresses come from.</summary>
    public Func<string> NewMac { get; init; } = MacAddress.NewRandom;

    /// <param name="domain">Whose error a broken document is, where the options do not say.</param>
    internal ParseContext ToContext(ErrorDomain domain) =>
        new() { Domain = ErrorDomain ?? domain, Inactive = true, NewUuid = NewUuid, NewMac = NewMac };

    /// <summary>The root element of a text, held against its schema where the caller asked for that.</summary>
    internal Node Read(string xml, string url, ErrorDomain domain, string rootName, string schema) =>
        DocumentReader.Read(xml, url, ErrorDomain ?? domain, rootName, Validate ? schema : null);
}

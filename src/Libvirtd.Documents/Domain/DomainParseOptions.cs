using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>How a driver wants domain documents read.</summary>
public sealed class DomainParseOptions
{
    /// <summary>Whose error a broken document is.</summary>
    public ErrorDomain ErrorDomain { get; init; } = ErrorDomain.Domain;

    /// <summary>The architecture of a document that names none.</summary>
    public string DefaultArchitecture { get; init; } = "i686";

    /// <summary>What <c>&lt;domain type&gt;</c> may say; null for all that libvirt knows.</summary>
    public IReadOnlyList<string>? VirtTypes { get; init; }

    /// <summary>The text is a configuration: an id, generated names and other live parts are ignored. Drivers define and create with it.</summary>
    public bool Inactive { get; init; } = true;

    /// <summary>The caller asked for validation by the schema: elements and attributes that libvirt does not know are errors.</summary>
    public bool Validate { get; init; }

    /// <summary>What the document is called in errors of malformed XML.</summary>
    public string Url { get; init; } = "(domain_definition)";

    /// <summary>The video model of a display without one.</summary>
    public string DefaultVideo { get; init; } = "cirrus";

    /// <summary>
    /// Namespaces of the driver whose elements directly under the domain are kept and printed at its end, by the prefix that they are printed with:
    /// for QEMU, "qemu" and <c>http://libvirt.org/schemas/domain/qemu/1.0</c>. None by default, as in the test driver.
    /// </summary>
    public IReadOnlyDictionary<string, string> NamespaceFormat { get; init; } = new Dictionary<string, string>();

    /// <summary>Where new uuids come from.</summary>
    public Func<Guid> NewUuid { get; init; } = Guid.NewGuid;

    /// <summary>Where new MAC addresses come from, as <c>52:54:00:12:34:56</c>.</summary>
    public Func<string> NewMac { get; init; } = MacAddress.NewRandom;

    internal ParseContext ToContext() => new() { Domain = ErrorDomain, Inactive = Inactive, NewUuid = NewUuid, NewMac = NewMac };
}

using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>How documents become domains.</summary>
internal sealed partial class TestDomains
{
    public const string InterfacePrefix = "testnet";

    /// <summary>Reads the document of a domain that is to be defined or started.</summary>
    public DomainDefinition Parse(string xml, bool validate) =>
        new(DomainDocument.Parse(xml, Options(validate)).WithInterfaceNames(InterfacePrefix));

    /// <summary>Reads the document of a domain that lies in a file: its interfaces get their names when it is restored.</summary>
    public DomainDefinition ParseSaved(string xml) => new(DomainDocument.Parse(xml, Options(validate: false)));

    /// <summary>Reads the document of a snapshot that is to be made or to be known again, as the flags say.</summary>
    public DomainSnapshotDocument ParseSnapshot(string xml, DomainSnapshotCreateFlags flags) =>
        DomainSnapshotDocument.Parse(xml, new SnapshotParseOptions
        {
            Domain = Options(validate: false),
            Redefine = flags.HasFlag(DomainSnapshotCreateFlags.Redefine),
            Offline = flags.HasFlag(DomainSnapshotCreateFlags.DiskOnly),
            Validate = flags.HasFlag(DomainSnapshotCreateFlags.Validate),
            Now = Host.Time.GetUtcNow().ToUnixTimeSeconds(),
        });

    /// <summary>Reads the document of a checkpoint that is to be made or, with <paramref name="isRedefined"/>, is to be known again.</summary>
    public DomainCheckpointDocument ParseCheckpoint(string xml, bool isRedefined) =>
        DomainCheckpointDocument.Parse(xml, new SnapshotParseOptions
        {
            Domain = Options(validate: false),
            ErrorDomain = ErrorDomain.DomainCheckpoint,
            Redefine = isRedefined,
            Now = Host.Time.GetUtcNow().ToUnixTimeSeconds(),
        });

    /// <summary>Starts a domain that did not exist, or one that does not run, as the definition wants it.</summary>
    public DomainRef Run(DomainDefinition definition, DomainRunningReason reason, DomainEventStartedDetailType detail) =>
        AddOrChange(definition, mustBeIdle: true, (view, isNew) => new DomainChange(
            (isNew ? view : view.Assign(definition, live: true)).Start(NextId(), reason), DomainEventType.Started, (int)detail));

    /// <summary>Reads the description of a device.</summary>
    /// <param name="xml">The description.</param>
    /// <param name="isNew">It is to be attached: names that libvirt generates are not taken from it.</param>
    public DeviceDescription ParseDevice(string xml, bool isNew)
    {
        bool hasMac = true;
        Documents.Node node = DomainDocument.ParseDevice(xml, new DomainParseOptions
        {
            Inactive = isNew,
            NewUuid = Host.Identities.NextUuid,
            NewMac = () =>
            {
                hasMac = false;
                return Host.Identities.NextMac();
            },
        });
        return new DeviceDescription(node, hasMac);
    }

    /// <summary>How this host completes documents.</summary>
    public DomainParseOptions Options(bool validate = false) => new()
    {
        Validate = validate,
        NewUuid = Host.Identities.NextUuid,
        NewMac = () => Host.Identities.NextMac(),
    };
}

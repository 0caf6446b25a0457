using System.Globalization;
using System.Xml.Linq;
using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>The domains that a host's file describes, with the state that the file's own extension gives them.</summary>
internal sealed partial class TestDomains
{
    private static readonly XNamespace s_extension = "http://libvirt.org/schemas/domain/test/1.0";

    public void Load(TestFile file)
    {
        foreach (XElement section in file.Sections("domain"))
            Load(file, section);
    }

    private void Load(TestFile file, XElement section)
    {
        bool isTransient = section.Element(s_extension + "transient") is not null;
        bool hasManagedSave = section.Element(s_extension + "hasmanagedsave") is not null;
        DomainState state = ReadState(section);
        if (isTransient && state == DomainState.Shutoff)
            throw Broken("transient domain cannot have runstate 'shutoff'");
        if (hasManagedSave && state != DomainState.Shutoff)
            throw Broken("domain with managedsave data can only have runstate 'shutoff'");
        XElement[] snapshots = [.. section.Elements(s_extension + "domainsnapshot")];
        XElement plain = new(section);
        plain.Elements().Where(static element => element.Name.Namespace == s_extension).Remove();
        DomainDefinition definition = Parse(TestFile.TextOf(plain), validate: false);
        SnapshotTree tree = ReadSnapshots(file, snapshots, definition.Name);
        AddOrChange(definition, mustBeIdle: false, (view, isNew) =>
        {
            view = (isNew ? view : view.Assign(definition, live: false)) with { IsPersistent = !isTransient, HasManagedSave = hasManagedSave, Snapshots = tree };
            view = state == DomainState.Shutoff ? view.Stop(DomainShutoffReason.Unknown) : view.Start(NextId(), DomainRunningReason.Booted);
            return new DomainChange(view.With(state, 0), DomainEventType.Defined, (int)DomainEventDefinedDetailType.Added);
        });
    }

    private static DomainState ReadState(XElement section)
    {
        if (section.Element(s_extension + "runstate")?.Value.Trim() is not { Length: > 0 } text)
            return DomainState.Running;
        if (!uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint state))
            throw Broken("invalid runstate");
        return state <= (uint)DomainState.Pmsuspended ? (DomainState)state : throw Broken($"runstate '{state}' out of range'");
    }

    private SnapshotTree ReadSnapshots(TestFile file, XElement[] elements, string domain)
    {
        string? current = null;
        List<SnapshotDefinition> waiting = [];
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (XElement element in elements)
        {
            // The element itself is the extension's; what is in it is libvirt's own.
            XElement plain = new(file.Resolve(element)) { Name = "domainsnapshot" };
            DomainSnapshotDocument document = ParseSnapshot(TestFile.TextOf(plain), isRedefined: true, isInternal: true);
            if (!names.Add(document.Name))
                throw VirException.Of(ErrorCode.OperationFailed, ErrorDomain.Domain, $"domain moment {document.Name} already exists");
            waiting.Add(new SnapshotDefinition(document));
            if (!document.IsCurrent)
                continue;
            if (current is not null)
                throw VirException.Internal(ErrorDomain.Test, "more than one snapshot claims to be active");
            current = document.Name;
        }

        // A child may stand before its parent: those whose parent is there go first.
        SnapshotTree tree = SnapshotTree.Empty;
        while (waiting.Count > 0)
        {
            List<SnapshotDefinition> ready = waiting.FindAll(one => one.Parent is null || tree.Find(one.Parent) is not null);
            if (ready.Count == 0)
                throw VirException.Internal(ErrorDomain.Test, $"Snapshots have inconsistent relations for domain {domain}");
            foreach (SnapshotDefinition one in ready)
                tree = tree.Add(one);
            waiting.RemoveAll(ready.Contains);
        }

        return tree with { Current = current };
    }

    private static VirException Broken(string detail) => VirException.Of(ErrorCode.XmlError, ErrorDomain.Test, detail);
}

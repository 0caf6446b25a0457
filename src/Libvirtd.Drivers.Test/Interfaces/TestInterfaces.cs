using System.Collections.Immutable;
using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>One interface of the host, as it is now.</summary>
internal sealed record TestInterface(InterfaceDocument Document, bool IsActive)
{
    public InterfaceRef Ref { get; } = new() { Name = Document.Name, Mac = Document.Mac };

    /// <summary>The document's text.</summary>
    public string Xml { get; } = Document.Format();
}

/// <summary>
/// The interfaces of a host. All of them are one immutable table: a transaction keeps the table that it began with, and rolling back publishes it.
/// </summary>
internal sealed class TestInterfaces(TestHost host)
{
    private static readonly ImmutableSortedDictionary<string, TestInterface> s_none =
        ImmutableSortedDictionary<string, TestInterface>.Empty.WithComparers(StringComparer.Ordinal);

    private readonly Lock _lock = new();
    private ImmutableSortedDictionary<string, TestInterface> _table = s_none;
    private ImmutableSortedDictionary<string, TestInterface>? _before;

    /// <summary>All interfaces by name.</summary>
    public ImmutableSortedDictionary<string, TestInterface> All => Volatile.Read(ref _table);

    /// <summary>Takes the interfaces of a file: they are up.</summary>
    public void Load(TestDocument host)
    {
        foreach (InterfaceDocument document in host.Interfaces)
            Put(document, true);
    }

    /// <exception cref="VirException">VIR_ERR_NO_INTERFACE.</exception>
    public TestInterface Get(string name) => All.GetValueOrDefault(name)
        ?? throw VirException.Of(ErrorCode.NoInterface, ErrorDomain.Test, $"no interface with matching name '{name}'");

    public InterfaceRef GetByMac(string mac)
    {
        string? found = null;
        foreach (TestInterface one in All.Values)
        {
            // As upstream has it, an interface without an address is found by any.
            if (one.Document.Mac is { Length: > 0 } known && !string.Equals(known, mac, StringComparison.OrdinalIgnoreCase))
                continue;
            if (found is not null)
                throw VirException.Of(ErrorCode.MultipleInterfaces, ErrorDomain.Test);
            found = one.Document.Name;
        }

        return found is null
            ? throw VirException.Of(ErrorCode.NoInterface, ErrorDomain.Test, $"no interface with matching mac '{mac}'")
            : new InterfaceRef { Name = found, Mac = mac };
    }

    public InterfaceRef Define(string xml, bool validate) => Put(Parse(xml, validate), null).Ref;

    public void Undefine(string name)
    {
        lock (_lock)
            Publish(All.Remove(Get(name).Document.Name));
    }

    /// <summary>Brings an interface up or down; not twice.</summary>
    public void SetActive(string name, bool active)
    {
        lock (_lock)
        {
            TestInterface one = Get(name);
            if (one.IsActive == active)
                throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Test);
            Publish(All.SetItem(name, one with { IsActive = active }));
        }
    }

    public void Begin()
    {
        lock (_lock)
        {
            if (_before is not null)
                throw Invalid("there is another transaction running.");
            // As upstream does: what is rolled back is defined again, but not up.
            _before = All.ToImmutableSortedDictionary(static one => one.Key, static one => one.Value with { IsActive = false }, StringComparer.Ordinal);
        }
    }

    public void Commit()
    {
        lock (_lock)
        {
            if (_before is null)
                throw Invalid("no transaction running, nothing to be committed.");
            _before = null;
        }
    }

    public void Rollback()
    {
        lock (_lock)
        {
            Publish(_before ?? throw Invalid("no transaction running, nothing to rollback."));
            _before = null;
        }
    }

    private InterfaceDocument Parse(string xml, bool validate) =>
        InterfaceDocument.Parse(xml, new DocumentOptions { Validate = validate, NewUuid = host.Identities.NextUuid });

    private TestInterface Put(InterfaceDocument document, bool? active)
    {
        lock (_lock)
        {
            TestInterface one = new(document, active ?? All.GetValueOrDefault(document.Name)?.IsActive ?? false);
            Publish(All.SetItem(document.Name, one));
            return one;
        }
    }

    private void Publish(ImmutableSortedDictionary<string, TestInterface> table) => Volatile.Write(ref _table, table);

    private static VirException Invalid(string detail) => VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Test, detail);
}

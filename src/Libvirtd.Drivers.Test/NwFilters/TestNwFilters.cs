using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>One network filter; its name and uuid stay.</summary>
internal sealed class TestNwFilter(NWFilterDocument document)
{
    private NWFilterDocument _document = document;

    public NwFilterRef Ref { get; } = new() { Name = document.Name, Uuid = document.Uuid };

    public NWFilterDocument Document
    {
        get => Volatile.Read(ref _document);
        set => Volatile.Write(ref _document, value);
    }
}

/// <summary>
/// The network filters of a host and their bindings (<c>TestNwFilters.Bindings.cs</c>): by the rules of upstream's filter driver, since its test
/// driver has none. A host begins without filters.
/// </summary>
internal sealed partial class TestNwFilters(TestHost host)
{
    private readonly Lock _lock = new();
    private readonly ObjectTable<TestNwFilter> _table = new();

    public TestNwFilter[] All => _table.All;

    /// <exception cref="VirException">VIR_ERR_NO_NWFILTER.</exception>
    public TestNwFilter Get(string name) => _table.Find(name) ?? throw NoFilter($"no nwfilter with matching name '{name}'");

    /// <exception cref="VirException">VIR_ERR_NO_NWFILTER.</exception>
    public TestNwFilter Get(Guid uuid) => _table.Find(uuid) ?? throw NoFilter($"no nwfilter with matching uuid '{uuid:D}'");

    /// <summary>Defines a filter, or redefines it where that breaks no binding. It may refer to filters that are still to be defined, but not to itself.</summary>
    public NwFilterRef Define(string xml, bool validate)
    {
        NWFilterDocument document = NWFilterDocument.Parse(xml, new DocumentOptions { Validate = validate, NewUuid = host.Identities.NextUuid });
        lock (_lock)
        {
            TestNwFilter? known = _table.Find(document.Uuid);
            if (known is not null && known.Ref.Name != document.Name)
                throw Failed($"filter with same UUID but different name ('{known.Ref.Name}') already exists");
            if (known is null && _table.Find(document.Name) is { } other)
                throw Failed($"filter '{document.Name}' already exists with uuid {other.Ref.Uuid:D}");
            if (Reaches(document, document.Name))
                throw Failed("filter would introduce a loop");
            if (known is null)
            {
                known = new TestNwFilter(document);
                _table.Add(document.Name, document.Uuid, known);
            }
            else
            {
                CheckBindings(document);
                known.Document = document;
            }

            return known.Ref;
        }
    }

    public void Undefine(Guid uuid)
    {
        lock (_lock)
        {
            TestNwFilter filter = Get(uuid);
            if (IsBound(filter.Ref.Name))
                throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.NwFilter, "nwfilter is in use");
            _table.Remove(filter.Ref.Name, uuid, filter);
        }
    }

    /// <summary>Whether a filter refers to another, directly or through others. Those that are missing lead nowhere.</summary>
    private bool Reaches(NWFilterDocument from, string name)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        Stack<NWFilterDocument> open = new([from]);
        while (open.TryPop(out NWFilterDocument? filter))
        {
            foreach (string reference in filter.References)
            {
                if (reference == name)
                    return true;
                if (seen.Add(reference) && _table.Find(reference) is { } next)
                    open.Push(next.Document);
            }
        }

        return false;
    }

    private static VirException NoFilter(string detail) => VirException.Of(ErrorCode.NoNwFilter, ErrorDomain.NwFilter, detail);

    private static VirException Failed(string detail) => VirException.Of(ErrorCode.OperationFailed, ErrorDomain.NwFilter, detail);
}

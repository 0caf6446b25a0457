using System.Collections.Immutable;
using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Filters at work. Only a binding whose device exists needs its filters; the devices that exist are the interfaces of running domains.</summary>
internal sealed partial class TestNwFilters
{
    private ImmutableSortedDictionary<string, NWFilterBindingDocument> _bindings =
        ImmutableSortedDictionary<string, NWFilterBindingDocument>.Empty.WithComparers(StringComparer.Ordinal);

    /// <summary>All bindings by the device that is filtered.</summary>
    public ImmutableSortedDictionary<string, NWFilterBindingDocument> Bindings => Volatile.Read(ref _bindings);

    /// <exception cref="VirException">VIR_ERR_NO_NWFILTER_BINDING.</exception>
    public NWFilterBindingDocument GetBinding(string device) => Bindings.GetValueOrDefault(device)
        ?? throw VirException.Of(ErrorCode.NoNwFilterBinding, ErrorDomain.NwFilter, $"no nwfilter binding for port dev '{device}'");

    public static NwFilterBindingRef RefOf(NWFilterBindingDocument binding) => new() { Portdev = binding.PortDevice, Filtername = binding.Filter };

    public NwFilterBindingRef Bind(string xml, bool validate)
    {
        NWFilterBindingDocument binding = NWFilterBindingDocument.Parse(xml, new DocumentOptions { Validate = validate });
        lock (_lock)
        {
            if (Bindings.ContainsKey(binding.PortDevice))
                throw Failed($"binding '{binding.PortDevice}' already exists");
            if (Exists(binding.PortDevice))
                CheckReferences(binding.Filter, null);
            Volatile.Write(ref _bindings, Bindings.Add(binding.PortDevice, binding));
            return RefOf(binding);
        }
    }

    public void Unbind(string device)
    {
        lock (_lock)
        {
            _ = GetBinding(device);
            Volatile.Write(ref _bindings, Bindings.Remove(device));
        }
    }

    private bool IsBound(string filter) => Bindings.Values.Any(binding => Uses(binding, filter) && Exists(binding.PortDevice));

    /// <summary>Refuses a changed filter that refers to a missing one while it is at work.</summary>
    private void CheckBindings(NWFilterDocument changed)
    {
        foreach (NWFilterBindingDocument binding in Bindings.Values)
        {
            if (Uses(binding, changed.Name) && Exists(binding.PortDevice))
                CheckReferences(binding.Filter, changed);
        }
    }

    private bool Uses(NWFilterBindingDocument binding, string filter) =>
        binding.Filter == filter || (_table.Find(binding.Filter) is { } first && Reaches(first.Document, filter));

    /// <summary>A filter and all that it refers to must be there; <paramref name="changed"/> stands for the filter of its name.</summary>
    private void CheckReferences(string filter, NWFilterDocument? changed)
    {
        HashSet<string> seen = new(StringComparer.Ordinal) { filter };
        Stack<string> open = new([filter]);
        while (open.TryPop(out string? name))
        {
            NWFilterDocument document = changed?.Name == name
                ? changed
                : _table.Find(name)?.Document ?? throw VirException.Internal(ErrorDomain.NwFilter, $"referenced filter '{name}' is missing");
            foreach (string reference in document.References)
            {
                if (seen.Add(reference))
                    open.Push(reference);
            }
        }
    }

    private bool Exists(string device)
    {
        foreach (TestDomain domain in host.Domains.All)
        {
            DomainView view = domain.View;
            if (view.IsActive && view.Definition.Document.Interfaces.Any(one => one.TargetDevice == device))
                return true;
        }

        return false;
    }
}

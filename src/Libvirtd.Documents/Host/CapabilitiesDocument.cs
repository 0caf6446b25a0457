using System.Globalization;
using System.Text;

namespace Libvirtd.Documents;

/// <summary>A CPU of the host in the topology of its capabilities.</summary>
public readonly record struct HostCpu(int Id, int Socket, int Die, int Core, string Siblings);

/// <summary>Memory pages of one size: how many a NUMA cell has.</summary>
public readonly record struct HostPages(ulong SizeKiB, ulong Count);

/// <summary>A NUMA cell of the host.</summary>
public sealed record HostCell(int Id, ulong MemoryKiB, IReadOnlyList<HostPages> Pages, IReadOnlyList<HostCpu> Cpus);

/// <summary>A kind of guest that the host can run.</summary>
public sealed record HostGuest(string OsType, string Architecture, int WordSize, string Emulator, IReadOnlyList<string> DomainTypes, IReadOnlyList<string> Features);

/// <summary>A host and the guests that it can run, and the text that says so.</summary>
public sealed record CapabilitiesDocument
{
    private static readonly ElementSchema s_cells = ElementSchema.Element("cells").Open();

    public string? HostUuid { get; init; }

    public required string Architecture { get; init; }

    /// <summary>Features of the host's CPU, such as pae.</summary>
    public IReadOnlyList<string> CpuFeatures { get; init; } = [];

    /// <summary>The sizes of memory pages, in KiB.</summary>
    public IReadOnlyList<ulong> PageSizesKiB { get; init; } = [];

    public bool HasIommu { get; init; }

    /// <summary>The NUMA cells; null where nothing is known of the topology, which is not the same as none.</summary>
    public IReadOnlyList<HostCell>? Cells { get; init; }

    /// <summary>Models of security labels, with their domains of interpretation.</summary>
    public IReadOnlyList<(string Model, string Doi)> SecurityModels { get; init; } = [];

    public IReadOnlyList<HostGuest> Guests { get; init; } = [];

    /// <summary>The document's text; its main parts stand apart by blank lines.</summary>
    public string Format()
    {
        StringBuilder text = new("<capabilities>\n\n");
        text.Append(DocumentWriter.Write(Host(), indent: 2)).Append('\n');
        foreach (HostGuest guest in Guests)
            text.Append(DocumentWriter.Write(Guest(guest), indent: 2)).Append('\n');
        return text.Append("</capabilities>\n").ToString();
    }

    public override string ToString() => Format();

    private Node Host()
    {
        Node host = new("host");
        if (HostUuid is not null)
            host.Append(Leaf("uuid", HostUuid));
        Node cpu = Add(host, "cpu");
        cpu.Append(Leaf("arch", Architecture));
        if (CpuFeatures.Count > 0)
        {
            Node features = Add(cpu, "features");
            foreach (string feature in CpuFeatures)
                Add(features, feature);
        }

        foreach (ulong size in PageSizesKiB)
        {
            Node pages = Add(cpu, "pages");
            pages.Append("unit", "KiB");
            pages.Append("size", Values.ToText(size));
        }

        Add(host, "power_management");
        Add(host, "iommu").Append("support", HasIommu ? "yes" : "no");
        if (Cells is not null)
            AddTopology(host, Cells);
        foreach ((string model, string doi) in SecurityModels)
        {
            Node security = Add(host, "secmodel");
            security.Append(Leaf("model", model));
            security.Append(Leaf("doi", doi));
        }

        return host;
    }

    private static void AddTopology(Node host, IReadOnlyList<HostCell> cells)
    {
        Node all = new("cells", s_cells);
        Add(host, "topology").Append(all);
        all.Append("num", Text(cells.Count));
        foreach (HostCell cell in cells)
        {
            Node node = Add(all, "cell");
            node.Append("id", Text(cell.Id));
            Node memory = Leaf("memory", Values.ToText(cell.MemoryKiB));
            memory.Append("unit", "KiB");
            node.Append(memory);
            foreach (HostPages pages in cell.Pages)
            {
                Node page = Leaf("pages", Values.ToText(pages.Count));
                page.Append("unit", "KiB");
                page.Append("size", Values.ToText(pages.SizeKiB));
                node.Append(page);
            }

            Node cpus = Add(node, "cpus");
            cpus.Append("num", Text(cell.Cpus.Count));
            foreach (HostCpu one in cell.Cpus)
            {
                Node cpu = Add(cpus, "cpu");
                cpu.Append("id", Text(one.Id));
                cpu.Append("socket_id", Text(one.Socket));
                cpu.Append("die_id", Text(one.Die));
                cpu.Append("core_id", Text(one.Core));
                cpu.Append("siblings", one.Siblings);
            }
        }
    }

    private static Node Guest(HostGuest guest)
    {
        Node node = new("guest");
        node.Append(Leaf("os_type", guest.OsType));
        Node arch = Add(node, "arch");
        arch.Append("name", guest.Architecture);
        arch.Append(Leaf("wordsize", Text(guest.WordSize)));
        arch.Append(Leaf("emulator", guest.Emulator));
        foreach (string type in guest.DomainTypes)
            Add(arch, "domain").Append("type", type);
        if (guest.Features.Count > 0)
        {
            Node features = Add(node, "features");
            foreach (string feature in guest.Features)
                Add(features, feature);
        }

        return node;
    }

    private static Node Add(Node parent, string name)
    {
        Node node = new(name);
        parent.Append(node);
        return node;
    }

    private static Node Leaf(string name, string text) => new(name) { Text = text };

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

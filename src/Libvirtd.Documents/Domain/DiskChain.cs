using System.Collections.Immutable;
using System.Globalization;
using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>
/// A disk's images from the active one down to the base, as the disk's &lt;source&gt; and its nested &lt;backingStore&gt; elements say. Immutable: each
/// change makes another chain, which <see cref="Write"/> puts into a document.
/// </summary>
public sealed class DiskChain
{
    /// <summary>Images in a chain at most, as in upstream.</summary>
    public const int MostImages = 200;

    public DiskChain(ImmutableArray<ChainImage> images, bool isTerminated)
    {
        if (images.IsDefaultOrEmpty)
            throw new ArgumentException("a chain has an active image", nameof(images));
        Images = images;
        IsTerminated = isTerminated;
    }

    /// <summary>The images, the active one first.</summary>
    public ImmutableArray<ChainImage> Images { get; }

    /// <summary>The last image is known to have none below it; otherwise it may have one that the document does not tell.</summary>
    public bool IsTerminated { get; }

    /// <summary>What the guest writes to.</summary>
    public ChainImage Active => Images[0];

    public ChainImage Base => Images[^1];

    public int Count => Images.Length;

    /// <summary>The largest index in the chain; 0 where there is none.</summary>
    public uint LastIndex
    {
        get
        {
            uint last = 0;
            foreach (ChainImage image in Images)
                last = Math.Max(last, image.Index);
            return last;
        }
    }

    /// <summary>The chain of a disk, or of a &lt;mirror&gt;. A disk without a medium has one image without a path.</summary>
    public static DiskChain Read(Node disk)
    {
        string? format = disk.Name == "disk" ? disk.Child("driver")?["type"] : disk.Child("format")?["type"];
        Node? source = disk.Child("source");
        ImmutableArray<ChainImage>.Builder images = ImmutableArray.CreateBuilder<ChainImage>();
        images.Add(new ChainImage(disk["type"] ?? "file", source, format) { Index = Number(source?["index"]) });
        Node? below = disk.Child("backingStore");
        while (below?["type"] is { } type && images.Count < MostImages)
        {
            images.Add(new ChainImage(type, below.Child("source"), below.Child("format")?["type"]) { Index = Number(below["index"]) });
            below = below.Child("backingStore");
        }

        return new DiskChain(images.DrainToImmutable(), below is not null);
    }

    /// <summary>The source of a disk that is described alone, as the destination of a copy is.</summary>
    /// <exception cref="VirException">The document is broken, or names no source (VIR_ERR_NO_SOURCE).</exception>
    public static DiskChain ParseSource(string xml)
    {
        DomainParseOptions options = new();
        Node raw = DocumentReader.Read(xml, "(disk_definition)", options.ErrorDomain, "disk");
        DiskChain? chain = DocumentNormaliser.Apply(DiskSchemas.Disk, raw, null, options.ToContext()) is { } disk ? Read(disk.Freeze()) : null;
        return chain?.Active.Path is not null ? chain : throw VirException.Of(ErrorCode.NoSource, options.ErrorDomain);
    }

    /// <summary>Makes the chain that of a disk, or of a &lt;mirror&gt;.</summary>
    /// <param name="disk">The element, in a tree that is being edited.</param>
    public void Write(Node disk)
    {
        disk["type"] = Active.DocumentType;
        if (disk.Name != "disk")
            SetFormat(disk, Active.Format);
        else if (Active.Format is not null)
            disk.GetOrAdd("driver")["type"] = Active.Format;
        string? startupPolicy = disk.Child("source")?["startupPolicy"];
        disk.RemoveAll("source");
        if (Active.Source is not null)
        {
            Node source = AddSource(disk, Active.Source);
            source["startupPolicy"] = startupPolicy;
            source["index"] = Text(Active.Index);
        }

        disk.RemoveAll("backingStore");
        Node above = disk;
        foreach (ChainImage image in Images.AsSpan()[1..])
        {
            above = above.Add("backingStore");
            above["type"] = image.DocumentType;
            above["index"] = Text(image.Index);
            SetFormat(above, image.Format ?? "raw");
            if (image.Source is not null)
                AddSource(above, image.Source);
        }

        if (IsTerminated)
            above.Add("backingStore");
    }

    /// <summary>The chain with a new active image on top.</summary>
    public DiskChain WithOverlay(ChainImage overlay) => new(Images.Insert(0, overlay), IsTerminated);

    /// <summary>The chain with another active image above the same others.</summary>
    public DiskChain WithActive(ChainImage active) => new(Images.SetItem(0, active), IsTerminated);

    /// <summary>The chain without the images <paramref name="from"/> to <paramref name="to"/>, the latter excluded.</summary>
    public DiskChain Without(int from, int to) => new(Images.RemoveRange(from, to - from), IsTerminated);

    /// <summary>The first images, with nothing below them.</summary>
    public DiskChain Cut(int count) => new(Images[..count], isTerminated: true);

    /// <summary>The same images without what only a running domain has.</summary>
    public DiskChain WithoutIndexes() => new([.. Images.Select(static image => image.Index == 0 ? image : image with { Index = 0 })], IsTerminated);

    /// <summary>The same images, each with a number: those without get the ones after <paramref name="last"/>.</summary>
    public DiskChain WithIndexes(ref uint last)
    {
        ImmutableArray<ChainImage>.Builder images = ImmutableArray.CreateBuilder<ChainImage>(Count);
        foreach (ChainImage image in Images)
            images.Add(image.Index == 0 && image.Path is not null ? image with { Index = ++last } : image);
        return new DiskChain(images.MoveToImmutable(), IsTerminated);
    }

    /// <summary>The place of the image at that path; -1 where it is not in the chain.</summary>
    public int IndexOfPath(string path)
    {
        for (int i = 0; i < Count; i++)
        {
            if (Images[i].Path == path)
                return i;
        }

        return -1;
    }

    public override string ToString() => string.Join(" <- ", Images.Reverse());

    /// <summary>A source's element takes the shape that its place wants: a disk's own has attributes which one in a chain lacks.</summary>
    private static Node AddSource(Node parent, Node like)
    {
        Node source = parent.Add(new Node("source", parent.Schema?.FindChild("source")?.Resolve(like, parent)));
        foreach (NodeAttribute attribute in like.Attributes)
        {
            if (attribute.Name is not ("index" or "startupPolicy"))
                source[attribute.Name] = attribute.Value;
        }

        foreach (Node child in like.Children)
            source.Add(child.Clone());
        return source;
    }

    private static void SetFormat(Node parent, string? format)
    {
        parent.RemoveAll("format");
        if (format is not null)
            parent.Add("format")["type"] = format;
    }

    private static uint Number(string? text) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint number) ? number : 0;

    private static string? Text(uint index) => index == 0 ? null : index.ToString(CultureInfo.InvariantCulture);
}

using System.Collections.Immutable;
using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// The image files of a host: those that calls have made or changed, the volumes of its pools, and those that domains name though nobody made
/// them, for a guest of this driver has whatever its document says. Reading takes no lock, and a change is atomic.
/// </summary>
internal sealed class TestImages(TestHost host)
{
    private readonly bool _isFork;
    private ImmutableDictionary<string, ImageFile> _files = ImmutableDictionary<string, ImageFile>.Empty.WithComparers(StringComparer.Ordinal);

    /// <summary>Their bytes.</summary>
    public ImageContents Contents { get; private init; } = new(host);

    /// <summary>The files that calls have made or changed, by path.</summary>
    public ImmutableDictionary<string, ImageFile> Files => Volatile.Read(ref _files);

    private TestImages(TestHost host, ImmutableDictionary<string, ImageFile> files)
        : this(host)
    {
        _isFork = true;
        Contents = new ImageContents(host) { IsFork = true };
        _files = files;
    }

    /// <summary>The images as they are now, to try a change out: what is done to the fork is not done to the host.</summary>
    public TestImages Fork() => new(host, Files);

    /// <summary>What is known of the file at a path; null where neither a call, nor a pool, nor a domain knows of one.</summary>
    public ImageFile? Find(string path) => FindMade(path) ?? (IsUsed(path) ? Get(path, null) : null);

    public bool Exists(string path) => Find(path) is not null;

    /// <summary>What is known of the file at a path; a file that nobody knows is like any other whose size was never told.</summary>
    public ImageFile Get(string path, string? format) => FindMade(path) ?? new ImageFile { Path = path, Format = format ?? "raw" };

    /// <summary>What is known of an image of a chain.</summary>
    public ImageFile Get(ChainImage image) => Get(image.Path ?? "", image.Format);

    /// <summary>Adds a file, or says what is known of it from now on.</summary>
    public void Put(ImageFile file)
    {
        if (_isFork || !host.Storage.UpdateVolume(file))
            ImmutableInterlocked.AddOrUpdate(ref _files, file.Path, file, (_, _) => file);
    }

    /// <summary>Makes an overlay over an image: as large as that one, and almost empty.</summary>
    /// <param name="path">The new file; what was there is overwritten.</param>
    /// <param name="format">Its format.</param>
    /// <param name="below">The image that it leaves unchanged.</param>
    /// <param name="backing">The name under which it knows that image; null for its path.</param>
    public ImageFile CreateOverlay(string path, string format, ChainImage below, string? backing = null)
    {
        const ulong HeaderSize = 196616;
        ImageFile file = new()
        {
            Path = path,
            Format = format,
            Capacity = Get(below).Capacity,
            Allocation = HeaderSize,
            Backing = backing ?? below.Path,
            BackingFormat = below.Format,
        };
        Contents.Forget(path);
        Put(file);
        return file;
    }

    /// <summary>Makes an image without bytes; what was there is overwritten.</summary>
    public void Create(ChainImage image, string format, ulong capacity)
    {
        Contents.Forget(image.Path!);
        Put(new ImageFile { Path = image.Path!, Format = format, Capacity = capacity, Allocation = 0 });
    }

    /// <summary>Removes a file, and the volume that it may be.</summary>
    public void Remove(string path)
    {
        ImmutableInterlocked.TryRemove(ref _files, path, out _);
        Contents.Forget(path);
        if (!_isFork && host.Storage.FindVolume(path) is { } volume)
            host.Storage.ForgetVolume(volume);
    }

    /// <summary>All who need the file at a path: domains as they run, as they are configured, and as their snapshots keep them.</summary>
    public IEnumerable<ImageUse> UsersOf(string path)
    {
        foreach (TestDomain domain in host.Domains.All)
        {
            DomainView view = domain.View;
            if (view.IsGone)
                continue;
            foreach (string target in DisksWith(view.Definition.Document, path))
                yield return new ImageUse(domain, target, null, view.IsActive);
            if (view.IsActive && view.Pending is { } pending)
            {
                foreach (string target in DisksWith(pending.Document, path))
                    yield return new ImageUse(domain, target, null, IsLive: false);
            }

            foreach (SnapshotNode snapshot in view.Snapshots.List(null, DomainSnapshotListFlags.None))
            {
                foreach (string target in DisksWith(snapshot.Definition.Document, path))
                    yield return new ImageUse(domain, target, snapshot.Name, IsLive: false);
            }
        }
    }

    public bool IsUsed(string path) => UsersOf(path).Any();

    /// <summary>The files that have the one at a path right below them, whether a domain uses them or not.</summary>
    public IEnumerable<ImageFile> BackedBy(string path)
    {
        foreach (ImageFile file in Files.Values)
        {
            if (file.BackingPath == path)
                yield return file;
        }

        foreach (TestStoragePool pool in host.Storage.Pools)
        {
            foreach (TestVolume volume in pool.View.Volumes.Values)
            {
                if (volume.View.Document.BackingPath is not null && !Files.ContainsKey(volume.Path) && FindMade(volume.Path) is { } file
                    && file.BackingPath == path)
                {
                    yield return file;
                }
            }
        }
    }

    /// <summary>Removes the files that snapshots have made by themselves and that nobody needs any more.</summary>
    /// <param name="paths">Those that may be left over.</param>
    public void RemoveLeftOver(IEnumerable<string> paths)
    {
        List<string> open = [.. paths.Where(path => Files.TryGetValue(path, out ImageFile? file) && file.IsForSnapshot)];
        // One that lies below another goes after it.
        while (open.FindIndex(path => !IsUsed(path) && !BackedBy(path).Any()) is >= 0 and int found)
        {
            Remove(open[found]);
            open.RemoveAt(found);
        }
    }

    /// <summary>
    /// The whole chain of a disk: what its document says and, where that ends without saying so, what the files say. Names that the files keep
    /// relative are known in it.
    /// </summary>
    public DiskChain ChainOf(Node disk) => Complete(DiskChain.Read(disk));

    /// <summary>A chain with what the files say of it.</summary>
    public DiskChain Complete(DiskChain chain)
    {
        ImmutableArray<ChainImage>.Builder images = ImmutableArray.CreateBuilder<ChainImage>(chain.Count);
        ImageFile? above = null;
        foreach (ChainImage named in chain.Images)
        {
            ChainImage image = VolumeSource.Locate(host, named);
            string? relative = above?.BackingPath == image.Path ? above?.RelativeBacking : null;
            images.Add(relative is null ? image : image with { RelativeName = relative });
            above = image is { IsLocal: true, Path: { } own } ? FindMade(own) : null;
        }

        while (!chain.IsTerminated && above?.BackingPath is { } path && images.Count < DiskChain.MostImages)
        {
            if (images.Any(image => image.Path == path))
                break;
            ImageFile? below = FindMade(path);
            images.Add(ChainImage.OfFile(path, above.BackingFormat ?? below?.Format ?? "raw") with { RelativeName = above.RelativeBacking });
            above = below;
        }

        bool isTerminated = chain.IsTerminated || images.Count > 1;
        return new DiskChain(images.DrainToImmutable(), isTerminated);
    }

    private IEnumerable<string> DisksWith(DomainDocument document, string path)
    {
        foreach (DomainDisk disk in document.Disks)
        {
            if (HasPath(disk.Node, path) || (disk.Node.Child("mirror") is { } mirror && HasPath(mirror, path)))
                yield return disk.Target;
        }
    }

    private IEnumerable<string> DisksWith(DomainSnapshotDocument snapshot, string path)
    {
        foreach (Node disk in snapshot.Disks)
        {
            if (disk.Child("source") is { } source && (source["file"] ?? source["dev"]) == path)
                yield return disk["name"] ?? "";
        }

        IEnumerable<string> targets = snapshot.Domain is { } domain ? DisksWith(domain, path) : [];
        foreach (string target in snapshot.InactiveDomain is { } inactive ? targets.Concat(DisksWith(inactive, path)) : targets)
            yield return target;
    }

    private bool HasPath(Node disk, string path) => ChainOf(disk).IndexOfPath(path) >= 0;

    /// <summary>A file that a call has made or changed, or that is a volume.</summary>
    private ImageFile? FindMade(string path)
    {
        if (Files.TryGetValue(path, out ImageFile? file))
            return file;
        if (path.Length == 0 || host.Storage.FindVolume(path) is not { View: { } volume } found)
            return null;
        StorageVolDocument document = volume.Document;
        return new ImageFile
        {
            Path = path,
            Format = document.ImageFormat ?? "raw",
            Capacity = volume.Capacity,
            Allocation = volume.Allocation,
            Backing = document.BackingPath,
            BackingFormat = document.Root.Find("backingStore", "format")?["type"],
            Bitmaps = found.Bitmaps,
        };
    }
}

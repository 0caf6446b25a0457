using System.Globalization;
using System.Security;
using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// The images that a guest finds where it arrives with its disks' contents. What is there already is overwritten; what is not is made in the pool that
/// its folder belongs to, or that its document names, and is gone again when the guest does not arrive.
/// </summary>
internal sealed class MigrationStorage
{
    private readonly TestHost _host;
    private readonly bool _isIncremental;
    private readonly List<StorageVolRef> _made = [];

    /// <summary>Makes what is missing.</summary>
    /// <param name="host">The destination.</param>
    /// <param name="domain">The guest.</param>
    /// <param name="disks">The disks that come along.</param>
    /// <param name="request">What was asked for.</param>
    /// <exception cref="VirException">Something cannot be made; then nothing is.</exception>
    public MigrationStorage(TestHost host, DomainDocument domain, MigratedDisk[] disks, MigrationRequest request)
    {
        _host = host;
        _isIncremental = request.Has(DomainMigrateFlags.NonSharedInc);
        try
        {
            foreach (MigratedDisk disk in disks)
            {
                Node node = domain.DiskByTarget(disk.Target)
                    ?? throw VirException.Internal(ErrorDomain.Test, $"unable to find disk by target: {disk.Target}");
                Make(DiskChain.Read(node).Active, disk.Capacity);
            }
        }
        catch
        {
            Remove();
            throw;
        }
    }

    /// <summary>The guest with disks that have nothing below them, where all that they hold comes along.</summary>
    public DomainDefinition Flattened(DomainDefinition definition, MigratedDisk[] disks) => _isIncremental ? definition
        : definition.With(document => document.WithChains(_host.Images, (target, chain) =>
            chain.Count > 1 && disks.Any(disk => disk.Target == target) ? chain.Cut(1) : null));

    /// <summary>All has come.</summary>
    public void Fill(DomainDocument domain, MigratedDisk[] disks)
    {
        TestImages images = _host.Images;
        foreach (MigratedDisk disk in disks)
        {
            if (images.FindChain(domain, disk.Target)?.Active is not { IsLocal: true, Path: not null } image)
                continue;
            ImageFile file = images.Get(image);
            images.Put(file with
            {
                Capacity = disk.Capacity,
                Allocation = disk.Allocation,
                Bitmaps = disk.Bitmaps,
                Backing = _isIncremental ? file.Backing : null,
                BackingFormat = _isIncremental ? file.BackingFormat : null,
            });
        }
    }

    /// <summary>The guest does not arrive: what was made for it goes.</summary>
    public void Remove()
    {
        foreach (StorageVolRef volume in _made)
        {
            if (_host.Storage.FindVolume(volume.Key) is { } found)
                _host.Images.Remove(found.Path);
        }

        _made.Clear();
    }

    private void Make(ChainImage image, ulong capacity)
    {
        // A device, or a place in the network, is there when it is named.
        if (image.Source is null || image.DocumentType is "network" or "block")
            return;
        bool isThere = image.DocumentType == "volume" ? VolumeSource.Locate(_host, image).IsLocal : image.Path is { } there && _host.Images.Exists(there);
        if (isThere)
            return;
        if (_isIncremental)
        {
            throw VirException.Of(ErrorCode.OperationUnsupported, ErrorDomain.Test,
                "pre-creation of storage targets for incremental storage migration is not supported");
        }

        (string pool, string name) = image switch
        {
            { DocumentType: "volume", Source: { } source } => (_host.Storage.Get(source["pool"]!).Ref.Name, source["volume"]!),
            { DocumentType: "file", Path: { } path } => InFolder(path),
            _ => throw VirException.Internal(ErrorDomain.Test, $"cannot precreate storage for disk type '{image.DocumentType}'"),
        };
        string size = capacity.ToString(CultureInfo.InvariantCulture);
        _made.Add(_host.Storage.CreateVolume(pool, $"<volume><name>{SecurityElement.Escape(name)}</name><capacity>{size}</capacity><allocation>0</allocation>"
            + $"<target><format type='{image.Format ?? "raw"}'/></target></volume>", validate: false));
    }

    private (string Pool, string Name) InFolder(string path)
    {
        int slash = path.LastIndexOf('/');
        return slash >= 0
            ? (_host.Storage.GetByTargetPath(path[..slash]).Name, path[(slash + 1)..])
            : throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, $"malformed disk path: {path}");
    }
}

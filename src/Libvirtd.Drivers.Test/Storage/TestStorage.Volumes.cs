using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

internal sealed partial class TestStorage
{
    /// <summary>A volume of a pool that runs.</summary>
    /// <exception cref="VirException">VIR_ERR_NO_STORAGE_POOL, VIR_ERR_OPERATION_INVALID, VIR_ERR_NO_STORAGE_VOL.</exception>
    public TestVolume GetVolume(string pool, string name) => Find(GetActive(pool), name);

    public TestVolume GetVolumeByKey(string key) => FindInAll(key, static volume => volume.Ref.Key)
        ?? throw VirException.Of(ErrorCode.NoStorageVol, ErrorDomain.Test, $"no storage vol with matching key '{key}'");

    public TestVolume GetVolumeByPath(string path) => FindInAll(path, static volume => volume.Path)
        ?? throw VirException.Of(ErrorCode.NoStorageVol, ErrorDomain.Test, $"no storage vol with matching path '{path}'");

    /// <summary>The volume at a path; null where there is none in a pool that runs.</summary>
    public TestVolume? FindVolume(string path) => FindInAll(path, static volume => volume.Path);

    public StorageVolRef CreateVolume(string poolName, string xml, bool validate)
    {
        TestStoragePool pool = GetActive(poolName);
        StorageVolDocument document = ParseVolume(pool, xml, validate);
        lock (_lock)
            return Add(pool, new TestVolume(pool.Ref.Name, CheckNew(GetActive(poolName), document))).Ref;
    }

    /// <summary>Makes a volume with another one's bytes.</summary>
    public StorageVolRef CloneVolume(string poolName, string xml, StorageVolRef source, bool validate)
    {
        TestStoragePool pool = GetActive(poolName);
        StorageVolDocument document = ParseVolume(pool, xml, validate);
        document = CheckExists(pool, document);
        TestVolume original = pool.View.Volumes.GetValueOrDefault(source.Name)
            ?? _pools.Find(source.Pool)?.View.Volumes.GetValueOrDefault(source.Name)
            ?? throw NoVolume(source.Name);
        CheckSpace(pool, document);
        VolumeContent content = original.Content.Copy(Math.Max(TestVolume.InitialLength(document), original.Content.Length));
        try
        {
            lock (_lock)
                return Add(pool, new TestVolume(pool.Ref.Name, CheckNew(GetActive(poolName), document), content)).Ref;
        }
        catch
        {
            content.Release();
            throw;
        }
    }

    public void DeleteVolume(string poolName, string name)
    {
        TestVolume volume;
        lock (_lock)
        {
            TestStoragePool pool = GetActive(poolName);
            volume = Find(pool, name);
            Drop(pool, volume);
        }

        Release(volume);
    }

    /// <summary>What is known of an image file has changed: so has the volume that it is. False: it is none.</summary>
    public bool UpdateVolume(ImageFile file)
    {
        lock (_lock)
        {
            if (FindVolume(file.Path) is not { } volume || _pools.Find(volume.Ref.Pool) is not { } pool)
                return false;
            if (volume.IsRaw && file.Capacity != volume.View.Capacity)
                volume.Content.SetLength((long)Math.Min(file.Capacity, long.MaxValue));
            SetSizes(pool, volume, file.Capacity, file.Allocation);
            volume.Bitmaps = file.Bitmaps;
            if (volume.View.Document.BackingPath != file.Backing)
                volume.View = new VolumeView(volume.View.Document.WithBacking(file.Backing, file.BackingFormat));
            return true;
        }
    }

    /// <summary>The volume's file is gone: so is the volume, unless it went before.</summary>
    public void ForgetVolume(TestVolume volume)
    {
        lock (_lock)
        {
            if (_pools.Find(volume.Ref.Pool) is not { } pool || pool.View.Volumes.GetValueOrDefault(volume.Ref.Name) != volume)
                return;
            Drop(pool, volume);
        }

        Release(volume);
    }

    public void ResizeVolume(string poolName, string name, ulong capacity, StorageVolResizeFlags flags)
    {
        lock (_lock)
        {
            TestStoragePool pool = GetActive(poolName);
            TestVolume volume = Find(pool, name);
            VolumeView view = volume.View;
            bool shrink = flags.HasFlag(StorageVolResizeFlags.Shrink);
            if (flags.HasFlag(StorageVolResizeFlags.Delta))
            {
                capacity = shrink ? view.Capacity - Math.Min(capacity, view.Capacity)
                    : capacity <= long.MaxValue - view.Capacity ? view.Capacity + capacity
                    : throw VirException.Of(ErrorCode.Overflow, ErrorDomain.Storage, "volume capacity too large");
            }

            if (capacity > long.MaxValue)
                throw VirException.Of(ErrorCode.Overflow, ErrorDomain.Storage, "volume capacity too large");
            if (capacity < view.Allocation)
                throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Storage, "can't shrink capacity below existing allocation");
            if (capacity < view.Capacity && !shrink)
            {
                throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Storage,
                    "Can't shrink capacity below current capacity unless shrink flag explicitly specified");
            }

            ulong allocation = flags.HasFlag(StorageVolResizeFlags.Allocate) ? capacity : view.Allocation;
            ulong more = allocation - view.Allocation;
            if (more > pool.View.Available)
                throw VirException.Of(ErrorCode.OperationFailed, ErrorDomain.Storage, "Not enough space left in storage pool");
            if (volume.IsRaw)
                volume.Content.SetLength((long)capacity);
            SetSizes(pool, volume, capacity, allocation);
        }
    }

    /// <summary>Opens a volume for writing. When that ends, the volume's sizes follow what was written, and the pool says that it was refreshed.</summary>
    public StreamEndpoint Upload(string poolName, string name, ulong offset, ulong length, bool sparse)
    {
        TestVolume volume = Open(poolName, name);
        return new VolumeUpload(volume.Content, offset, length, sparse, written => Uploaded(poolName, volume, (ulong)written));
    }

    public StreamEndpoint Download(string poolName, string name, ulong offset, ulong length, bool sparse) =>
        new VolumeDownload(Open(poolName, name).Content, offset, length, sparse);

    private TestVolume Open(string poolName, string name)
    {
        TestVolume volume = GetVolume(poolName, name);
        return volume.Content.Acquire() ? volume : throw NoVolume(name);
    }

    private void Uploaded(string poolName, TestVolume volume, ulong written)
    {
        lock (_lock)
        {
            // The volume, or its whole pool, may be gone by now.
            if (_pools.Find(poolName) is not { } pool || pool.View.Volumes.GetValueOrDefault(volume.Ref.Name) != volume)
                return;
            VolumeView view = volume.View;
            ulong capacity = volume.IsRaw ? Math.Max(view.Capacity, (ulong)volume.Content.Length) : view.Capacity;
            SetSizes(pool, volume, capacity, Math.Max(view.Allocation, written));
            RaiseRefresh(pool);
        }
    }

    /// <summary>Publishes a volume's sizes, and what that means for its pool. Under the lock.</summary>
    private static void SetSizes(TestStoragePool pool, TestVolume volume, ulong capacity, ulong allocation)
    {
        VolumeView view = volume.View;
        if (capacity == view.Capacity && allocation == view.Allocation)
            return;
        volume.View = new VolumeView(view.Document.WithSizes(capacity, allocation));
        if (allocation != view.Allocation)
            pool.Change(before => before with { Allocation = before.Allocation + (allocation - view.Allocation) });
    }

    private StorageVolDocument ParseVolume(TestStoragePool pool, string xml, bool validate) =>
        StorageVolDocument.Parse(xml, pool.View.Document, new DocumentOptions { Validate = validate, NewUuid = host.Identities.NextUuid });

    /// <summary>Checks a new volume against its pool, and gives it its path and key.</summary>
    private static StorageVolDocument CheckNew(TestStoragePool pool, StorageVolDocument document)
    {
        CheckSpace(pool, CheckExists(pool, document));
        string path = $"{pool.View.Document.TargetPath ?? "(null)"}/{document.Name}";
        return document.WithPath(path).WithKey(path);
    }

    private static StorageVolDocument CheckExists(TestStoragePool pool, StorageVolDocument document) => pool.View.Volumes.ContainsKey(document.Name)
        ? throw VirException.Of(ErrorCode.OperationFailed, ErrorDomain.Test, "storage vol already exists")
        : document;

    private static void CheckSpace(TestStoragePool pool, StorageVolDocument document)
    {
        StoragePoolView view = pool.View;
        // Upstream's sum wraps around for sizes that no disk has; ours does not.
        if ((UInt128)view.Allocation + document.Allocation > view.Capacity)
            throw VirException.Internal(ErrorDomain.Test, $"Not enough free space in pool for volume '{document.Name}'");
    }

    private static TestVolume Add(TestStoragePool pool, TestVolume volume)
    {
        pool.Change(view => view with
        {
            Volumes = view.Volumes.SetItem(volume.Ref.Name, volume),
            Allocation = view.Allocation + volume.View.Allocation,
        });
        return volume;
    }

    private static void Drop(TestStoragePool pool, TestVolume volume) => pool.Change(view => view with
    {
        Volumes = view.Volumes.Remove(volume.Ref.Name),
        Allocation = view.Allocation - Math.Min(view.Allocation, volume.View.Allocation),
    });

    /// <summary>The volume's bytes are of no use any more.</summary>
    private void Release(TestVolume volume)
    {
        volume.Content.Release();
        host.Images.Contents.Forget(volume.Path);
    }

    private static TestVolume Find(TestStoragePool pool, string name) => pool.View.Volumes.GetValueOrDefault(name) ?? throw NoVolume(name);

    /// <summary>Searches all pools that run. Nearly always the path's last part is the name: that is tried before all are looked at.</summary>
    private TestVolume? FindInAll(string wanted, Func<TestVolume, string> property)
    {
        string name = wanted[(wanted.LastIndexOf('/') + 1)..];
        TestStoragePool[] pools = Array.FindAll(Pools, static pool => pool.View.IsActive);
        foreach (TestStoragePool pool in pools)
        {
            if (pool.View.Volumes.GetValueOrDefault(name) is { } volume && property(volume) == wanted)
                return volume;
        }

        foreach (TestStoragePool pool in pools)
        {
            foreach (TestVolume volume in pool.View.Volumes.Values)
            {
                if (property(volume) == wanted)
                    return volume;
            }
        }

        return null;
    }

    private static VirException NoVolume(string name) =>
        VirException.Of(ErrorCode.NoStorageVol, ErrorDomain.Test, $"no storage vol with matching name '{name}'");
}

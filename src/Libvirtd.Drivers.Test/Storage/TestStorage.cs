using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>The storage pools of a host and the volumes in them: <c>TestStorage.Volumes.cs</c>.</summary>
internal sealed partial class TestStorage(TestHost host)
{
    private readonly Lock _lock = new();
    private readonly ObjectTable<TestStoragePool> _pools = new();

    public TestStoragePool[] Pools => _pools.All;

    /// <summary>Takes the pools of a file and the volumes in them: they run and last. A volume's path defaults to the pool's folder.</summary>
    public void Load(TestDocument host)
    {
        foreach (Documents.TestPool defined in host.Pools)
        {
            lock (_lock)
            {
                TestStoragePool pool = Assign(defined.Document, checkLive: false);
                pool.Change(static view => view with { IsActive = true, IsPersistent = true, Allocation = 0 });
                foreach (StorageVolDocument volume in defined.Volumes)
                {
                    string path = volume.Path ?? $"{defined.Document.TargetPath}/{volume.Name}";
                    Add(pool, new TestVolume(defined.Document.Name, volume.WithPath(path).WithKey(volume.Key ?? path)));
                }
            }
        }
    }

    /// <exception cref="VirException">VIR_ERR_NO_STORAGE_POOL.</exception>
    public TestStoragePool Get(string name) =>
        _pools.Find(name) ?? throw VirException.Of(ErrorCode.NoStoragePool, ErrorDomain.Test, $"no storage pool with matching name '{name}'");

    /// <exception cref="VirException">VIR_ERR_NO_STORAGE_POOL.</exception>
    public TestStoragePool Get(Guid uuid) =>
        _pools.Find(uuid) ?? throw VirException.Of(ErrorCode.NoStoragePool, ErrorDomain.Test, $"no storage pool with matching uuid '{uuid:D}'");

    /// <summary>A pool that runs.</summary>
    public TestStoragePool GetActive(string name)
    {
        TestStoragePool pool = Get(name);
        return pool.View.IsActive ? pool : throw Invalid($"storage pool '{name}' is not active");
    }

    public StoragePoolRef GetByTargetPath(string path)
    {
        string clean = StoragePath.Sanitize(path);
        foreach (TestStoragePool pool in Pools)
        {
            StoragePoolView view = pool.View;
            if (view.IsActive && view.Document.TargetPath == clean)
                return pool.Ref;
        }

        throw VirException.Of(ErrorCode.NoStoragePool, ErrorDomain.Storage, clean == path
            ? $"no storage pool with matching target path '{path}'"
            : $"no storage pool with matching target path '{path}' ({clean})");
    }

    public string[] Names(bool active) => _pools.Names(one => one.View.IsActive == active, static one => one.Ref.Name);

    public int Count(bool active) => _pools.Count(one => one.View.IsActive == active);

    public StoragePoolRef Define(string xml, bool validate)
    {
        StoragePoolDocument document = Parse(xml, validate);
        lock (_lock)
        {
            TestStoragePool pool = Assign(document, checkLive: false);
            // A new definition forgets what is stored, even that of a pool that runs: upstream's does.
            pool.Change(static view => view with { IsPersistent = true, Allocation = 0 });
            Raise(pool, StoragePoolEventLifecycleType.Defined);
            return pool.Ref;
        }
    }

    public StoragePoolRef CreateXml(string xml)
    {
        StoragePoolDocument document = Parse(xml, validate: false);
        lock (_lock)
        {
            TestStoragePool pool = Assign(document, checkLive: true);
            if (FibreChannel(document) is { } adapter)
            {
                try
                {
                    host.NodeDevices.CreateVirtualHost(adapter["wwnn"]!, adapter["wwpn"]!);
                }
                catch
                {
                    Remove(pool);
                    throw;
                }
            }

            pool.Change(static view => view with { IsActive = true, IsPersistent = false, Allocation = 0 });
            Raise(pool, StoragePoolEventLifecycleType.Started);
            return pool.Ref;
        }
    }

    public void Start(string name)
    {
        lock (_lock)
        {
            TestStoragePool pool = GetInactive(name);
            pool.Change(static view => view with { IsActive = true });
            Raise(pool, StoragePoolEventLifecycleType.Started);
        }
    }

    /// <summary>Stops a pool; one that was never defined is gone then.</summary>
    public void Stop(string name)
    {
        lock (_lock)
        {
            TestStoragePool pool = GetActive(name);
            pool.Change(static view => view with { IsActive = false });
            if (FibreChannel(pool.View.Document) is not null)
                host.NodeDevices.DestroyVirtualHost();
            if (!pool.View.IsPersistent)
                Remove(pool);
            Raise(pool, StoragePoolEventLifecycleType.Stopped);
        }
    }

    public void Undefine(string name)
    {
        lock (_lock)
        {
            TestStoragePool pool = GetInactive(name);
            Remove(pool);
            Raise(pool, StoragePoolEventLifecycleType.Undefined);
        }
    }

    /// <summary>There is nothing to build or to delete; the events are all that is seen.</summary>
    public void Announce(string name, StoragePoolEventLifecycleType type)
    {
        lock (_lock)
            Raise(GetInactive(name), type);
    }

    public void Refresh(string name)
    {
        lock (_lock)
            RaiseRefresh(GetActive(name));
    }

    public void SetAutostart(string name, bool autostart)
    {
        lock (_lock)
        {
            TestStoragePool pool = Get(name);
            if (!pool.View.IsPersistent)
                throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, "pool has no config file");
            pool.Change(view => view with { IsAutostart = autostart });
        }
    }

    private StoragePoolDocument Parse(string xml, bool validate) =>
        StoragePoolDocument.Parse(xml, new DocumentOptions { Validate = validate, NewUuid = host.Identities.NextUuid });

    /// <summary>Finds or makes the pool that a document is about. Under the lock.</summary>
    private TestStoragePool Assign(StoragePoolDocument document, bool checkLive)
    {
        foreach (TestStoragePool other in Pools)
        {
            if (StorageConflicts.Conflict(other.View.Document, document))
                throw Failed($"Storage source conflict with pool: '{other.Ref.Name}'");
        }

        if (_pools.Find(document.Uuid) is { } known)
        {
            if (known.Ref.Name != document.Name)
                throw Failed($"pool '{known.Ref.Name}' is already defined with uuid {document.Uuid:D}");
            if (checkLive && known.View.IsActive)
                throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Storage, $"pool is already active as '{known.Ref.Name}'");
            known.Change(view => view.IsActive ? view with { Next = document } : view with { Document = document });
            return known;
        }

        if (_pools.Find(document.Name) is { } namesake)
            throw Failed($"pool '{document.Name}' already exists with uuid {namesake.Ref.Uuid:D}");
        TestStoragePool made = new(new StoragePoolRef { Name = document.Name, Uuid = document.Uuid }, new StoragePoolView(document));
        _pools.Add(document.Name, document.Uuid, made);
        return made;
    }

    private TestStoragePool GetInactive(string name)
    {
        TestStoragePool pool = Get(name);
        return pool.View.IsActive ? throw Invalid($"storage pool '{name}' is active") : pool;
    }

    private void Remove(TestStoragePool pool)
    {
        _pools.Remove(pool.Ref.Name, pool.Ref.Uuid, pool);
        foreach (TestVolume volume in pool.View.Volumes.Values)
            Release(volume);
    }

    private static Node? FibreChannel(StoragePoolDocument document) =>
        document.Root.Find("source", "adapter") is { } adapter && adapter["type"] == "fc_host" ? adapter : null;

    // Raised under the lock, so that listeners see events in the order of the changes; they do not block.
    private void Raise(TestStoragePool pool, StoragePoolEventLifecycleType type)
    {
        if (host.Events.HasListeners)
            host.Events.Raise(new StoragePoolLifecycleEvent { Pool = pool.Ref, Event = (int)type, Detail = 0 });
    }

    private void RaiseRefresh(TestStoragePool pool)
    {
        if (host.Events.HasListeners)
            host.Events.Raise(new StoragePoolRefreshEvent { Pool = pool.Ref });
    }

    private static VirException Invalid(string detail) => VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Test, detail);

    private static VirException Failed(string detail) => VirException.Of(ErrorCode.OperationFailed, ErrorDomain.Storage, detail);
}

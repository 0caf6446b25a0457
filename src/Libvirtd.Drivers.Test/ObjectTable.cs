using System.Collections.Concurrent;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// Objects by name, by uuid and in the order in which they were made. Reading takes no lock; whoever changes the table holds a lock of his own.
/// </summary>
internal sealed class ObjectTable<T>
    where T : class
{
    private readonly ConcurrentDictionary<string, T> _byName = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Guid, T> _byUuid = new();
    private T[] _all = [];

    /// <summary>All objects; the array is never changed.</summary>
    public T[] All => Volatile.Read(ref _all);

    public T? Find(string name) => _byName.GetValueOrDefault(name);

    public T? Find(Guid uuid) => _byUuid.GetValueOrDefault(uuid);

    public void Add(string name, Guid uuid, T item)
    {
        _byName[name] = item;
        _byUuid[uuid] = item;
        Volatile.Write(ref _all, [.. _all, item]);
    }

    public void Remove(string name, Guid uuid, T item)
    {
        _byName.TryRemove(name, out _);
        _byUuid.TryRemove(uuid, out _);
        Volatile.Write(ref _all, Array.FindAll(_all, other => !ReferenceEquals(other, item)));
    }

    /// <summary>The names of those that hold up to a test.</summary>
    public string[] Names(Func<T, bool> isWanted, Func<T, string> name)
    {
        List<string> names = [];
        foreach (T item in All)
        {
            if (isWanted(item))
                names.Add(name(item));
        }

        return [.. names];
    }

    public int Count(Func<T, bool> isWanted)
    {
        int count = 0;
        foreach (T item in All)
        {
            if (isWanted(item))
                count++;
        }

        return count;
    }
}

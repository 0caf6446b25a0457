namespace Libvirtd.Drivers.Test;

/// <summary>
/// A list made from many views, kept until one of them changes. Thousands of clients poll the same list of the same thousands of domains; made anew
/// each time it would be the largest thing that a call allocates.
/// </summary>
internal sealed class PublishedList<T>
{
    private long _version;
    private Made? _made;

    /// <summary>Something in the list is no longer true. Call it after the new view is published.</summary>
    public void Invalidate() => Interlocked.Increment(ref _version);

    /// <summary>The list; it is shared, and only read.</summary>
    public T[] Get(Func<T[]> make)
    {
        // The version is read first: what changes while the list is made makes it a list of the past, which the next reader replaces.
        long version = Volatile.Read(ref _version);
        if (Volatile.Read(ref _made) is { } made && made.Version == version)
            return made.Items;
        T[] items = make();
        Volatile.Write(ref _made, new Made(version, items));
        return items;
    }

    private sealed record Made(long Version, T[] Items);
}

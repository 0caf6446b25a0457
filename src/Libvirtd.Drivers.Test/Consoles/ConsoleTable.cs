using System.Collections.Concurrent;
using System.Net.Sockets;

namespace Libvirtd.Drivers.Test;

/// <summary>Who is connected to which console or channel of a host's domains: one stream to each at a time.</summary>
internal sealed class ConsoleTable
{
    /// <summary>How many clients one host's displays serve at once.</summary>
    private const int MostDisplays = 256;

    private readonly ConcurrentDictionary<(Guid Domain, string Device), GuestStream> _open = new();
    private readonly ConcurrentDictionary<DisplayServer, Guid> _displays = new();

    /// <summary>Connects to a device.</summary>
    /// <param name="domain">The running domain.</param>
    /// <param name="device">The device's alias.</param>
    /// <param name="force">Who is connected already is put off.</param>
    /// <param name="guest">What the guest does at the other end.</param>
    /// <returns>The stream; null where somebody is connected already.</returns>
    public GuestStream? Open(Guid domain, string device, bool force, IGuestTerminal guest)
    {
        GuestStream stream = new(guest, gone => _open.TryRemove(new((domain, device), gone)));
        if (!force)
            return _open.TryAdd((domain, device), stream) ? stream : null;
        GuestStream? before = null;
        _open.AddOrUpdate((domain, device), stream, (_, present) =>
        {
            before = present;
            return stream;
        });
        before?.HangUp();
        return stream;
    }

    /// <summary>Shows a domain's display to a client, until either is gone. False: there are too many already.</summary>
    public bool Show(Guid domain, string name, Socket client)
    {
        if (_displays.Count >= MostDisplays)
            return false;
        DisplayServer display = new(client, name);
        _displays[display] = domain;
        _ = ServeAsync(display);
        return true;
    }

    /// <summary>The domain runs no more: all its streams and displays end.</summary>
    public void HangUp(Guid domain)
    {
        foreach ((DisplayServer display, Guid owner) in _displays.IsEmpty ? [] : _displays.ToArray())
        {
            if (owner == domain)
                display.Dispose();
        }

        if (_open.IsEmpty)
            return;
        foreach (KeyValuePair<(Guid Domain, string Device), GuestStream> one in _open)
        {
            if (one.Key.Domain == domain && _open.TryRemove(one))
                one.Value.HangUp();
        }
    }

    private async Task ServeAsync(DisplayServer display)
    {
        try
        {
            await display.ServeAsync();
        }
        finally
        {
            _displays.TryRemove(display, out _);
        }
    }
}

/// <summary>What the consoles of a host need to be found by.</summary>
internal sealed partial class TestHost
{
    public ConsoleTable Consoles { get; } = new();
}

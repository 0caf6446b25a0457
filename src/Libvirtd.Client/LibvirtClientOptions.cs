namespace Libvirtd.Client;

/// <summary>How a connection behaves.</summary>
public sealed record LibvirtClientOptions
{
    /// <summary>Opens the connection for reading only; of two sockets the read-only one is taken.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Silence after which the server is pinged; zero: never. Pings of the server are always answered.</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Unanswered pings after which, one interval later, the connection is given up.</summary>
    public int KeepAliveCount { get; init; } = 6;

    /// <summary>Calls that may wait for their answers at once; further ones wait to be sent. 1 or more.</summary>
    public int MaxCallsInFlight { get; init; } = 256;

    /// <summary>Events that a subscription keeps for a reader that is behind; at one more it ends with an error. 1 or more.</summary>
    public int EventBacklog { get; init; } = 4096;

    /// <summary>
    /// Bytes that a stream keeps for a reader that is behind. Beyond that nothing more is read from the connection, answers to calls included, until
    /// the stream is read or disposed.
    /// </summary>
    public int StreamBacklog { get; init; } = 16 * 1024 * 1024;

    /// <summary>How long closing a connection or giving up a stream waits for the server.</summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

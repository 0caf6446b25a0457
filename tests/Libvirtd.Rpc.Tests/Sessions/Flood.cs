namespace Libvirtd.Rpc.Tests.Sessions;

/// <summary>Sends pieces one after another, as fast as the server takes them, and knows when it is held back.</summary>
internal sealed class Flood
{
    private int _sent;
    private Task _write = Task.CompletedTask;

    /// <param name="client">Who sends.</param>
    /// <param name="count">How many pieces.</param>
    /// <param name="piece">The bytes of one of them, by its number.</param>
    /// <param name="last">What is sent behind them.</param>
    public Flood(RawClient client, int count, Func<int, byte[]> piece, params byte[][] last) => Done = Task.Run(async () =>
    {
        for (; _sent < count; Interlocked.Increment(ref _sent))
        {
            Task write = client.Transport.Output.WriteAsync(piece(_sent)).AsTask();
            Volatile.Write(ref _write, write);
            await write;
        }
        await client.SendAsync(last);
    });

    /// <summary>Ends when all is sent.</summary>
    public Task Done { get; }

    /// <summary>How many pieces the connection has taken.</summary>
    public int Sent => Volatile.Read(ref _sent);

    /// <summary>
    /// Waits until <paramref name="atLeast"/> pieces are sent and the server has stopped to read. It stays so until what the server waits for
    /// happens, so that <see cref="Sent"/> says how much goes in.
    /// </summary>
    public Task UntilHeldBackAsync(SessionFixture fixture, int atLeast) => Patiently.UntilAsync(
        () => Sent >= atLeast && fixture.Server.Sessions.Single().IsPaused && !Volatile.Read(ref _write).IsCompleted, "the sender is held back");
}

using Libvirtd.Drivers;
using Libvirtd.Protocol;

namespace Libvirtd.Rpc.Tests.Sessions;

public sealed class InterceptorTests
{
    private const int Suspend = 34;
    private const int GetUri = 123;
    private const int Download = 209;

    private static readonly VirException s_fault = VirException.Of(ErrorCode.NoMemory, ErrorDomain.Test, "gone");

    [Fact]
    public async Task An_error_is_the_answer_and_the_driver_is_not_asked()
    {
        await using Guarded guarded = await Guarded.OpenAsync((_, procedure) => procedure.Api == "virDomainSuspend" ? throw s_fault : default);
        Assert.Equal((2, (int)ErrorDomain.Test, "out of memory: gone"), (await guarded.SuspendAsync()).Error());
        Assert.Equal(0, guarded.Suspends);
        await guarded.Client.SyncAsync();
    }

    [Fact]
    public async Task A_call_that_is_kept_is_overtaken_and_goes_on_later()
    {
        TaskCompletionSource<CallVerdict> kept = new();
        await using Guarded guarded = await Guarded.OpenAsync((_, procedure) => procedure.Number == Suspend ? new(kept.Task) : default);
        await guarded.Client.SendAsync(guarded.Client.Call(Suspend, FakeDomains.Arguments), guarded.Client.Call(GetUri));
        Assert.Equal(GetUri, (await guarded.Client.ReadAsync()).Header.Procedure);
        Assert.Equal(0, guarded.Suspends);
        kept.SetResult(default);
        Packet answer = await guarded.Client.ReadAsync();
        Assert.Equal((Suspend, false), (answer.Header.Procedure, answer.IsError));
        Assert.Equal(1, guarded.Suspends);
        await guarded.Client.SyncAsync();
    }

    [Fact]
    public async Task A_call_that_is_kept_can_still_be_refused_and_its_arguments_be_wrong()
    {
        TaskCompletionSource<CallVerdict> kept = new();
        await using Guarded guarded = await Guarded.OpenAsync((_, procedure) => procedure.Number == Suspend ? new(kept.Task) : default);
        await guarded.Client.SendAsync(guarded.Client.Call(Suspend, writer => writer.WriteInt32(1)));
        kept.SetResult(default);
        Assert.Equal("Unable to decode message payload", (await guarded.Client.ReadAsync()).Error().Message);
        kept = new();
        await guarded.Client.SendAsync(guarded.Client.Call(Suspend, FakeDomains.Arguments));
        kept.SetException(s_fault);
        Assert.Equal("out of memory: gone", (await guarded.Client.ReadAsync()).Error().Message);
    }

    [Fact]
    public async Task A_client_that_goes_away_frees_its_kept_calls()
    {
        await using SessionFixture fixture = new();
        fixture.Connection.Guard = new Guard(async (call, procedure) =>
        {
            if (procedure.Number == Suspend)
                await Task.Delay(Timeout.Infinite, call.Cancellation);
            return default;
        });
        RawClient client = await fixture.OpenAsync();
        await client.SendAsync(client.Call(Suspend, FakeDomains.Arguments));
        await client.SyncAsync();
        await client.DisposeAsync();
        await fixture.Serving.Soon();
        Assert.Equal(1, fixture.Connection.Disposals);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_connection_can_end_before_a_call_or_after_it_without_an_answer(bool isAfter)
    {
        DisconnectException end = new("as the test wants");
        await using Guarded guarded = await Guarded.OpenAsync((_, procedure) =>
            procedure.Number != Suspend ? default : isAfter ? new(new CallVerdict(end)) : throw end);
        await guarded.Client.SendAsync(guarded.Client.Call(Suspend, FakeDomains.Arguments));
        await guarded.Client.EndsAsync();
        await guarded.Fixture.Serving.Soon();
        Assert.Equal(isAfter ? 1 : 0, guarded.Suspends);
    }

    [Fact]
    public async Task The_answer_of_a_call_that_is_done_can_be_an_error()
    {
        await using Guarded guarded = await Guarded.OpenAsync((_, procedure) => procedure.Number == Suspend ? new(new CallVerdict(s_fault)) : default);
        Assert.Equal("out of memory: gone", (await guarded.SuspendAsync()).Error().Message);
        Assert.Equal(1, guarded.Suspends);
    }

    [Fact]
    public async Task A_stream_can_be_replaced_and_end_the_connection()
    {
        TestEndpoint endpoint = new() { Source = [[1, 2, 3]] };
        await using SessionFixture fixture = new();
        fixture.Connection.Volumes.OnStream = () => endpoint;
        fixture.Connection.Guard = new Guard((_, _) => default) { Stream = new TestEndpoint { OnRead = (_, _) => throw new DisconnectException("in the middle") } };
        RawClient client = await fixture.OpenAsync();
        await client.CallOkAsync(Download, writer =>
        {
            new StorageVolRef { Pool = "p", Name = "v", Key = "k" }.Encode(writer);
            writer.WriteInt64(0);
            writer.WriteInt64(0);
            writer.WriteInt32(0);
        });
        await client.EndsAsync();
        await fixture.Serving.Soon();
        Assert.Equal(0, endpoint.Reads);
    }

    private sealed class Guard(Func<CallContext, ProcedureInfo, ValueTask<CallVerdict>> before) : CallInterceptor
    {
        public StreamEndpoint? Stream { get; init; }

        public override ValueTask<CallVerdict> BeforeAsync(CallContext call, ProcedureInfo procedure) => before(call, procedure);

        public override StreamEndpoint OnStream(CallContext call, ProcedureInfo procedure, StreamEndpoint endpoint) => Stream ?? endpoint;
    }

    private sealed class Guarded(SessionFixture fixture, RawClient client) : IAsyncDisposable
    {
        private int _suspends;

        public SessionFixture Fixture => fixture;

        public RawClient Client => client;

        public int Suspends => Volatile.Read(ref _suspends);

        public static async Task<Guarded> OpenAsync(Func<CallContext, ProcedureInfo, ValueTask<CallVerdict>> before)
        {
            SessionFixture fixture = new();
            fixture.Connection.Guard = new Guard(before);
            Guarded guarded = new(fixture, await fixture.OpenAsync());
            fixture.Connection.Guests.OnSuspend = _ =>
            {
                Interlocked.Increment(ref guarded._suspends);
                return default;
            };
            return guarded;
        }

        public Task<Packet> SuspendAsync() => client.CallAsync(Suspend, FakeDomains.Arguments);

        public ValueTask DisposeAsync() => fixture.DisposeAsync();
    }
}

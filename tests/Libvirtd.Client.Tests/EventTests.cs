using Libvirtd.Client.Rpc;
using Libvirtd.Protocol;

namespace Libvirtd.Client.Tests;

public sealed class EventTests
{
    private static readonly DomainRef s_domain = new() { Name = "test", Uuid = Guid.NewGuid(), Id = 1 };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Events_come_in_order_to_the_registration_they_name()
    {
        (FakeServer server, LibvirtConnection connection) = await FakeServer.OpenAsync();
        await using LibvirtConnection open = connection;
        Task<EventSubscription<DomainEventCallbackLifecycleMsg>> subscribing = connection.SubscribeAsync(LibvirtEvents.DomainLifecycle, s_domain, Cancel);
        Frame register = await server.ExpectAsync(316);
        ConnectDomainEventCallbackRegisterAnyArgs args = FakeServer.Decode<ConnectDomainEventCallbackRegisterAnyArgs>(register);
        Assert.Equal((0, s_domain.Uuid), (args.EventID, args.Dom!.Value.Uuid));
        await server.ReplyAsync(register, new ConnectDomainEventCallbackRegisterAnyRet { CallbackID = 7 });
        for (int i = 0; i < 10; i++)
        {
            await server.EventAsync(318, Lifecycle(8, 99));
            await server.EventAsync(318, Lifecycle(7, i));
        }
        EventSubscription<DomainEventCallbackLifecycleMsg> events = await subscribing;
        for (int i = 0; i < 10; i++)
            Assert.Equal(i, (await events.ReadAsync(Cancel)).Msg.Detail);

        ValueTask leaving = events.DisposeAsync();
        Frame deregister = await server.ExpectAsync(317);
        Assert.Equal(7, FakeServer.Decode<ConnectDomainEventCallbackDeregisterAnyArgs>(deregister).CallbackID);
        await server.ReplyAsync(deregister, default(NoValue));
        await leaving;
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await events.ReadAsync(Cancel));
    }

    [Fact]
    public async Task A_reader_far_behind_loses_its_subscription_and_nothing_else()
    {
        (FakeServer server, LibvirtConnection connection) = await FakeServer.OpenAsync(
            new LibvirtClientOptions { KeepAliveInterval = TimeSpan.Zero, EventBacklog = 2, CloseTimeout = TimeSpan.FromMilliseconds(50) });
        await using LibvirtConnection open = connection;
        Task<EventSubscription<DomainEventCallbackLifecycleMsg>> subscribing = connection.SubscribeAsync(LibvirtEvents.DomainLifecycle, cancel: Cancel);
        await server.ReplyAsync(await server.ExpectAsync(316), new ConnectDomainEventCallbackRegisterAnyRet { CallbackID = 0 });
        EventSubscription<DomainEventCallbackLifecycleMsg> events = await subscribing;
        for (int i = 0; i < 3; i++)
            await server.EventAsync(318, Lifecycle(0, i));
        Task<ulong> call = connection.Remote.ConnectGetVersionAsync(Cancel);
        await server.ReplyAsync(await server.ExpectAsync(4), new ConnectGetVersionRet { HvVer = 7 });
        Assert.Equal(7ul, await call);
        await events.ReadAsync(Cancel);
        await events.ReadAsync(Cancel);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await events.ReadAsync(Cancel));
    }

    [Fact]
    public async Task A_lost_connection_ends_the_subscription()
    {
        (FakeServer server, LibvirtConnection connection) = await FakeServer.OpenAsync();
        Task<EventSubscription<NetworkEventLifecycleMsg>> subscribing = connection.SubscribeAsync(LibvirtEvents.NetworkLifecycle, cancel: Cancel);
        await server.ReplyAsync(await server.ExpectAsync(313), new ConnectNetworkEventRegisterAnyRet { CallbackID = 0 });
        EventSubscription<NetworkEventLifecycleMsg> events = await subscribing;
        await server.DisposeAsync();
        await Assert.ThrowsAsync<ConnectionLostException>(async () => await events.ReadAsync(Cancel));
        await events.DisposeAsync();
        await connection.DisposeAsync();
    }

    private static DomainEventCallbackLifecycleMsg Lifecycle(int id, int detail) =>
        new() { CallbackID = id, Msg = new() { Dom = s_domain, Event = 3, Detail = detail } };
}

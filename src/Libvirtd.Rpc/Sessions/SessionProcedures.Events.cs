using System.Text.RegularExpressions;
using Libvirtd.Drivers;
using Libvirtd.Protocol;
using Libvirtd.Rpc.Dispatch;
using Libvirtd.Rpc.Events;

namespace Libvirtd.Rpc.Sessions;

/// <summary>Registering for events and the end of it, in all three generations.</summary>
internal static partial class SessionProcedures
{
    /// <summary>The last domain event that had a message without callback id.</summary>
    private const int LastLegacyDomainEvent = 15;
    private const int LastDomainEvent = 29;
    private const int LastOtherEvent = 1;

    // A pattern comes from a client: its length and the time that it may take are bounded.
    private const int LongestPattern = 1024;
    private static readonly TimeSpan s_matchTime = TimeSpan.FromMilliseconds(100);

    public static void ConnectDomainEventRegister(ServerCall call)
    {
        RequireEvents(call, EventKind.Domain, call.Connection(hypervisor: true));
        call.Session.Events.Add(EventGeneration.Lifecycle, EventKind.Domain, 0, null);
        call.Complete(new ValueTask<int>(0), static (_, writer, result) => new ConnectDomainEventRegisterRet { CbRegistered = result }.Encode(writer));
    }

    public static void ConnectDomainEventDeregister(ServerCall call)
    {
        Remove(call, true, EventGeneration.Lifecycle, 0);
        call.Complete(new ValueTask<int>(0), static (_, writer, result) => new ConnectDomainEventDeregisterRet { CbRegistered = result }.Encode(writer));
    }

    public static void ConnectDomainEventRegisterAny(ServerCall call, ConnectDomainEventRegisterAnyArgs args)
    {
        DriverConnection connection = call.Connection(hypervisor: true);
        if (args.EventID is < 0 or > LastLegacyDomainEvent)
            throw RpcErrors.Internal($"unsupported event ID {args.EventID}");
        RequireEvents(call, EventKind.Domain, connection);
        call.Session.Events.Add(EventGeneration.ById, EventKind.Domain, args.EventID, null);
        call.Complete(default);
    }

    public static void ConnectDomainEventDeregisterAny(ServerCall call, ConnectDomainEventDeregisterAnyArgs args)
    {
        call.Connection(hypervisor: true);
        if (args.EventID is < 0 or > LastLegacyDomainEvent)
            throw RpcErrors.Internal($"unsupported event ID {args.EventID}");
        Remove(call, true, EventGeneration.ById, args.EventID);
        call.Complete(default);
    }

    public static void ConnectDomainEventCallbackRegisterAny(ServerCall call, ConnectDomainEventCallbackRegisterAnyArgs args)
    {
        int id = Register(call, EventKind.Domain, args.EventID, LastDomainEvent, args.Dom is { } dom ? EventSubject.Of(dom) : null);
        call.Complete(new ValueTask<int>(id), static (_, writer, result) => new ConnectDomainEventCallbackRegisterAnyRet { CallbackID = result }.Encode(writer));
    }

    public static void ConnectDomainEventCallbackDeregisterAny(ServerCall call, ConnectDomainEventCallbackDeregisterAnyArgs args) =>
        Deregister(call, EventKind.Domain, args.CallbackID);

    public static void ConnectNetworkEventRegisterAny(ServerCall call, ConnectNetworkEventRegisterAnyArgs args)
    {
        int id = Register(call, EventKind.Network, args.EventID, LastOtherEvent, args.Net is { } net ? EventSubject.Of(net) : null);
        call.Complete(new ValueTask<int>(id), static (_, writer, result) => new ConnectNetworkEventRegisterAnyRet { CallbackID = result }.Encode(writer));
    }

    public static void ConnectNetworkEventDeregisterAny(ServerCall call, ConnectNetworkEventDeregisterAnyArgs args) =>
        Deregister(call, EventKind.Network, args.CallbackID);

    public static void ConnectStoragePoolEventRegisterAny(ServerCall call, ConnectStoragePoolEventRegisterAnyArgs args)
    {
        int id = Register(call, EventKind.StoragePool, args.EventID, LastOtherEvent, args.Pool is { } pool ? EventSubject.Of(pool) : null);
        call.Complete(new ValueTask<int>(id), static (_, writer, result) => new ConnectStoragePoolEventRegisterAnyRet { CallbackID = result }.Encode(writer));
    }

    public static void ConnectStoragePoolEventDeregisterAny(ServerCall call, ConnectStoragePoolEventDeregisterAnyArgs args) =>
        Deregister(call, EventKind.StoragePool, args.CallbackID);

    public static void ConnectNodeDeviceEventRegisterAny(ServerCall call, ConnectNodeDeviceEventRegisterAnyArgs args)
    {
        int id = Register(call, EventKind.NodeDevice, args.EventID, LastOtherEvent, args.Dev is { } dev ? EventSubject.Of(dev) : null);
        call.Complete(new ValueTask<int>(id), static (_, writer, result) => new ConnectNodeDeviceEventRegisterAnyRet { CallbackID = result }.Encode(writer));
    }

    public static void ConnectNodeDeviceEventDeregisterAny(ServerCall call, ConnectNodeDeviceEventDeregisterAnyArgs args) =>
        Deregister(call, EventKind.NodeDevice, args.CallbackID);

    public static void ConnectSecretEventRegisterAny(ServerCall call, ConnectSecretEventRegisterAnyArgs args)
    {
        int id = Register(call, EventKind.Secret, args.EventID, LastOtherEvent, args.Secret is { } secret ? EventSubject.Of(secret) : null);
        call.Complete(new ValueTask<int>(id), static (_, writer, result) => new ConnectSecretEventRegisterAnyRet { CallbackID = result }.Encode(writer));
    }

    public static void ConnectSecretEventDeregisterAny(ServerCall call, ConnectSecretEventDeregisterAnyArgs args) =>
        Deregister(call, EventKind.Secret, args.CallbackID);

    public static void QemuConnectDomainMonitorEventRegister(ServerCall call, QemuConnectDomainMonitorEventRegisterArgs args)
    {
        const string Function = "virConnectDomainQemuMonitorEventRegister";
        DriverConnection connection = call.Connection(hypervisor: true);
        if (call.IsReadOnly)
            throw RpcErrors.ReadOnly("read only access prevents " + Function, ErrorDomain.None);
        RequireEvents(call, EventKind.QemuMonitor, connection);
        int id = call.Session.Events.Add(EventGeneration.Callback, EventKind.QemuMonitor, 0, args.Dom is { } dom ? EventSubject.Of(dom) : null, NameFilter(args));
        call.Complete(new ValueTask<int>(id), static (_, writer, result) => new QemuConnectDomainMonitorEventRegisterRet { CallbackID = result }.Encode(writer));
    }

    public static void QemuConnectDomainMonitorEventDeregister(ServerCall call, QemuConnectDomainMonitorEventDeregisterArgs args)
    {
        if (call.IsReadOnly)
            throw RpcErrors.ReadOnly("read only access prevents virConnectDomainQemuMonitorEventDeregister", ErrorDomain.None);
        Deregister(call, EventKind.QemuMonitor, args.CallbackID);
    }

    private static int Register(ServerCall call, EventKind kind, int eventId, int last, EventSubject? filter)
    {
        DriverConnection connection = call.Connection(kind == EventKind.Domain);
        if (eventId < 0 || eventId > last)
            throw RpcErrors.Internal($"unsupported {(kind == EventKind.Domain ? "" : Describe(kind) + " ")}event ID {eventId}");
        RequireEvents(call, kind, connection);
        return call.Session.Events.Add(EventGeneration.Callback, kind, eventId, filter);
    }

    /// <summary>A driver without such events lacks the public function.</summary>
    private static void RequireEvents(ServerCall call, EventKind kind, DriverConnection connection)
    {
        if (!connection.HasEvents(kind))
            throw VirException.NoSupport(call.Procedure.Api, call.Procedure.ErrorDomain);
    }

    private static void Deregister(ServerCall call, EventKind kind, int callbackId)
    {
        call.Connection(kind is EventKind.Domain or EventKind.QemuMonitor);
        if (!call.Session.Events.Remove(known => known.Generation == EventGeneration.Callback && known.Kind == kind && known.CallbackId == callbackId))
            throw RpcErrors.Internal($"{Describe(kind)} event callback {callbackId} not registered");
        call.Complete(default);
    }

    private static void Remove(ServerCall call, bool hypervisor, EventGeneration generation, int eventId)
    {
        call.Connection(hypervisor);
        if (!call.Session.Events.Remove(known => known.Generation == generation && known.EventId == eventId))
            throw RpcErrors.Internal($"domain event {eventId} not registered");
    }

    private static string Describe(EventKind kind) => kind switch
    {
        EventKind.StoragePool => "storage pool",
        EventKind.NodeDevice => "node device",
        EventKind.QemuMonitor => "qemu monitor",
        _ => kind.ToString().ToLowerInvariant(),
    };

    private static Func<string, bool>? NameFilter(QemuConnectDomainMonitorEventRegisterArgs args)
    {
        const string Function = "virConnectDomainQemuMonitorEventRegister";
        const uint Known = (uint)(ConnectDomainQemuMonitorEventRegisterFlags.Regex | ConnectDomainQemuMonitorEventRegisterFlags.Nocase);
        if ((args.Flags & ~Known) != 0)
            throw VirException.UnsupportedFlags(ErrorDomain.None, args.Flags & ~Known, Function);
        if (args.Event is not { } name)
            return null;
        bool ignoreCase = (args.Flags & (uint)ConnectDomainQemuMonitorEventRegisterFlags.Nocase) != 0;
        if ((args.Flags & (uint)ConnectDomainQemuMonitorEventRegisterFlags.Regex) == 0)
            return raised => string.Equals(raised, name, ignoreCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal);
        try
        {
            if (name.Length > LongestPattern)
                throw new ArgumentException("the pattern is too long");
            RegexOptions options = RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | (ignoreCase ? RegexOptions.IgnoreCase : RegexOptions.None);
            Regex regex = new(name, options, s_matchTime);
            return raised => Matches(regex, raised);
        }
        catch (Exception failure) when (failure is ArgumentException or NotSupportedException)
        {
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.None, $"failed to compile regex {name}");
        }
    }

    private static bool Matches(Regex regex, string name)
    {
        try
        {
            return regex.IsMatch(name);
        }
        catch (RegexMatchTimeoutException)
        {
            return false;
        }
    }
}

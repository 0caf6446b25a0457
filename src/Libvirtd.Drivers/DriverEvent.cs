using Libvirtd.Protocol;
using Libvirtd.Xdr;

namespace Libvirtd.Drivers;

/// <summary>The kinds of objects that raise events.</summary>
public enum EventKind
{
    Domain,
    Network,
    StoragePool,
    NodeDevice,
    Secret,
    QemuMonitor,
}

/// <summary>The object that an event is about, as filters compare it: by uuid, a node device by name.</summary>
public readonly record struct EventSubject(Guid Uuid, string? Name)
{
    public static EventSubject Of(DomainRef domain) => new(domain.Uuid, null);

    public static EventSubject Of(NetworkRef network) => new(network.Uuid, null);

    public static EventSubject Of(StoragePoolRef pool) => new(pool.Uuid, null);

    public static EventSubject Of(NodeDeviceRef device) => new(default, device.Name);

    public static EventSubject Of(SecretRef secret) => new(secret.Uuid, null);
}

/// <summary>An event that a driver raises; the classes of all events are generated. It is encoded once, for all who listen.</summary>
public abstract class DriverEvent
{
    private byte[]? _body;
    private byte[]? _legacyBody;

    /// <summary>The kind of its object.</summary>
    public abstract EventKind Kind { get; }

    /// <summary>Its number among the events of its kind, such as VIR_DOMAIN_EVENT_ID_LIFECYCLE.</summary>
    public abstract int EventId { get; }

    /// <summary>The message that carries it to callbacks.</summary>
    public abstract int Procedure { get; }

    /// <summary>The message that carried it before callbacks had ids; null for younger events.</summary>
    public virtual int? LegacyProcedure => null;

    /// <summary>The object that it is about.</summary>
    public abstract EventSubject About { get; }

    /// <summary>The body of the message without the callback id that stands before it.</summary>
    public ReadOnlySpan<byte> Body => _body ??= Encode(EncodeBody);

    /// <summary>The body of the older message.</summary>
    public ReadOnlySpan<byte> LegacyBody => _legacyBody ??= Encode(EncodeLegacyBody);

    /// <summary>Encodes what follows the callback id.</summary>
    protected abstract void EncodeBody(XdrWriter writer);

    /// <summary>Encodes the older message.</summary>
    protected virtual void EncodeLegacyBody(XdrWriter writer) => throw new NotSupportedException("the event has no older message");

    private static byte[] Encode(Action<XdrWriter> encode)
    {
        using XdrWriter writer = new(256);
        encode(writer);
        return writer.WrittenSpan.ToArray();
    }
}

using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>What is read of one of a network's two documents, and the metadata in them.</summary>
internal sealed partial class TestNetworks
{
    /// <summary>The document that LIVE, CONFIG or neither means.</summary>
    public NetworkDocument Read(Guid uuid, NetworkUpdateFlags flags)
    {
        NetworkView view = Get(uuid).View;
        if (flags == (NetworkUpdateFlags.Live | NetworkUpdateFlags.Config))
        {
            throw VirException.BadArgument(ErrorDomain.Network,
                "Flags 'VIR_NETWORK_UPDATE_AFFECT_LIVE' and 'VIR_NETWORK_UPDATE_AFFECT_CONFIG' are mutually exclusive", "testNetworkGetMetadata", "flags");
        }

        if (flags == 0)
            flags = view.IsActive ? NetworkUpdateFlags.Live : NetworkUpdateFlags.Config;
        CheckImpact(view, flags);
        return flags == NetworkUpdateFlags.Live ? view.Document : view.Next ?? view.Document;
    }

    /// <summary>Changes metadata and tells of it.</summary>
    public void SetMetadata(Guid uuid, NetworkUpdateFlags flags, NetworkMetadataType type, string? uri, Func<NetworkDocument, NetworkDocument> change)
    {
        lock (_lock)
        {
            // What changes for now alone must not change what the network starts with.
            if (flags == NetworkUpdateFlags.Live)
                Get(uuid).Change(static view => view.IsPersistent ? view with { Next = view.Next ?? view.Document } : view);
            Update(uuid, flags, change);
            if (host.Events.HasListeners)
                host.Events.Raise(new NetworkMetadataChangeEvent { Net = Get(uuid).Ref, Type = (int)type, Nsuri = uri });
        }
    }

    private static void CheckImpact(NetworkView view, NetworkUpdateFlags flags)
    {
        if (!view.IsActive && flags.HasFlag(NetworkUpdateFlags.Live))
            throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Network, "network is not running");
        if (!view.IsPersistent && flags.HasFlag(NetworkUpdateFlags.Config))
        {
            throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Network,
                "cannot change persistent config of a transient network");
        }
    }
}

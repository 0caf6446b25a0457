using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Title, description, and what others keep in a network's document. Upstream's test driver has none of these.</summary>
internal sealed partial class TestNetworkDriver
{
    private const NetworkUpdateFlags LiveAndConfig = NetworkUpdateFlags.Live | NetworkUpdateFlags.Config;

    public override ValueTask<string> GetMetadata(CallContext call, NetworkRef network, NetworkMetadataType type, string? uri, NetworkUpdateFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)LiveAndConfig, "testNetworkGetMetadata");
        RequireKnown(type);
        Documents.NetworkDocument document = networks.Read(network.Uuid, flags);
        string? text = type switch
        {
            NetworkMetadataType.Description => document.Description,
            NetworkMetadataType.Title => document.Title,
            _ => document.Metadata(uri ?? ""),
        };
        return new(text ?? throw VirException.Of(ErrorCode.NoNetworkMetadata, ErrorDomain.Network, "Requested metadata element is not present"));
    }

    public override ValueTask SetMetadata(CallContext call, NetworkRef network, NetworkMetadataType type, string? metadata, string? key, string? uri,
        NetworkUpdateFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)LiveAndConfig, "testNetworkSetMetadata");
        RequireKnown(type);
        networks.SetMetadata(network.Uuid, flags, type, uri, document => type switch
        {
            NetworkMetadataType.Description => document.WithDescription(metadata),
            NetworkMetadataType.Title => document.WithTitle(metadata),
            _ => document.WithMetadata(uri ?? "", key, metadata),
        });
        return default;
    }

    private static void RequireKnown(NetworkMetadataType type)
    {
        if ((uint)type > (uint)NetworkMetadataType.Element)
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Network, $"unknown metadata type '{(int)type}'");
    }
}

using System;
using System.Collections.Generic;
using System.Linq;

namespace Libvirtd.Protocol.Generator.Model;

/// <summary>A kind of object: it names the driver class and the error domain that the public API layer uses.</summary>
/// <param name="Name">As in <c>DomainSnapshotDriver</c>.</param>
/// <param name="ErrorDomain">The member of <c>ErrorDomain</c>.</param>
/// <param name="IsHypervisor">Served by the hypervisor part of a connection, not by one of its host services.</param>
/// <param name="Prefixes">What is cut off a procedure's name to get the method's.</param>
public sealed record ObjectKind(string Name, string ErrorDomain, bool IsHypervisor, IReadOnlyList<string> Prefixes)
{
    private static readonly ObjectKind[] s_kinds =
    {
        new("Connect", "Domain", true, new[] { "CONNECT_" }),
        new("Domain", "Domain", true, new[] { "DOMAIN_", "CONNECT_" }),
        new("DomainSnapshot", "DomainSnapshot", true, new[] { "DOMAIN_SNAPSHOT_", "DOMAIN_" }),
        new("DomainCheckpoint", "DomainCheckpoint", true, new[] { "DOMAIN_CHECKPOINT_", "DOMAIN_" }),
        new("Network", "Network", false, new[] { "NETWORK_", "CONNECT_" }),
        new("NetworkPort", "Network", false, new[] { "NETWORK_PORT_", "NETWORK_" }),
        new("StoragePool", "Storage", false, new[] { "STORAGE_POOL_", "CONNECT_" }),
        new("StorageVol", "Storage", false, new[] { "STORAGE_VOL_", "CONNECT_" }),
        new("NodeDevice", "Nodedev", false, new[] { "NODE_DEVICE_", "CONNECT_", "NODE_" }),
        new("Interface", "Interface", false, new[] { "INTERFACE_", "CONNECT_" }),
        new("Secret", "Secret", false, new[] { "SECRET_", "CONNECT_" }),
        new("NwFilter", "NwFilter", false, new[] { "NWFILTER_", "CONNECT_" }),
        new("NwFilterBinding", "NwFilter", false, new[] { "NWFILTER_BINDING_", "CONNECT_" }),
        new("Qemu", "None", true, new[] { "DOMAIN_" }),
        new("Lxc", "None", true, new[] { "DOMAIN_" }),
        new("Admin", "Rpc", true, new[] { "CONNECT_" }),
    };

    /// <summary>All kinds, also those that an older release has no procedures for.</summary>
    public static IReadOnlyList<ObjectKind> All => s_kinds;

    /// <summary>The kind that a procedure belongs to.</summary>
    public static ObjectKind Of(string program, string procedure) => s_kinds.First(kind => kind.Name == NameOf(program, procedure));

    /// <summary>The driver method's name: <c>DOMAIN_BLOCK_COMMIT</c> of the kind Domain is <c>BlockCommit</c>.</summary>
    public string Method(string procedure)
    {
        string? prefix = Prefixes.FirstOrDefault(candidate => procedure.StartsWith(candidate, StringComparison.Ordinal));
        return Names.Pascal(prefix is null ? procedure : procedure.Substring(prefix.Length));
    }

    private static string NameOf(string program, string procedure)
    {
        bool Starts(string text) => procedure.StartsWith(text, StringComparison.Ordinal);
        bool Connect(string text) => Starts("CONNECT_") && procedure.Contains(text);
        return program switch
        {
            "Qemu" or "Lxc" or "Admin" => program,
            _ when procedure.Contains("CHECKPOINT") => "DomainCheckpoint",
            _ when procedure.Contains("SNAPSHOT") => "DomainSnapshot",
            _ when procedure.Contains("NWFILTER_BINDING") => "NwFilterBinding",
            _ when procedure.Contains("NWFILTER") => "NwFilter",
            _ when Starts("NETWORK_PORT") || procedure == "NETWORK_LIST_ALL_PORTS" => "NetworkPort",
            _ when Starts("NETWORK_") || Connect("NETWORK") => "Network",
            _ when Starts("STORAGE_VOL_") => "StorageVol",
            _ when Starts("STORAGE_POOL_") || Connect("STORAGE_POOL") => "StoragePool",
            _ when Starts("NODE_DEVICE_") || procedure is "NODE_NUM_OF_DEVICES" or "NODE_LIST_DEVICES" || Connect("NODE_DEVICE") => "NodeDevice",
            _ when Starts("INTERFACE_") || Connect("INTERFACES") => "Interface",
            _ when Starts("SECRET_") || Connect("SECRET") => "Secret",
            _ when Starts("DOMAIN_") || (Connect("DOMAIN") && procedure != "CONNECT_GET_DOMAIN_CAPABILITIES") => "Domain",
            _ => "Connect",
        };
    }
}

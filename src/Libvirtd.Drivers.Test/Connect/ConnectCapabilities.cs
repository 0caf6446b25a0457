using System.Text;
using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>What the hypervisor can give to a domain. Upstream's test driver has no such call.</summary>
internal sealed partial class TestConnectDriver
{
    public override ValueTask<string> GetDomainCapabilities(CallContext call, string? emulatorbin, string? arch, string? machine, string? virttype,
        ConnectGetDomainCapabilitiesFlags flags)
    {
        const uint WithoutDeprecated = 1; // no feature of the host's CPU is deprecated
        FlagCheck.Require((uint)flags, WithoutDeprecated, "testConnectGetDomainCapabilities");
        HostGuest guest = FindGuest(emulatorbin, arch, machine, virttype);
        return new(new DomainCapabilitiesDocument
        {
            Path = guest.Emulator,
            DomainType = guest.DomainTypes[0],
            Architecture = guest.Architecture,
            MostVcpus = TestHost.MostVcpus,
            HostCpu = TestHost.Cpu,
        }.Format());
    }

    /// <summary>The kind of guest that a client means; what it does not say, anything will do for.</summary>
    /// <exception cref="VirException">The host has none (VIR_ERR_INVALID_ARG).</exception>
    private HostGuest FindGuest(string? emulator, string? arch, string? machine, string? virttype)
    {
        if (arch is not null && !Cpus.IsArchitecture(arch))
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, $"unknown architecture: {arch}");
        // The machine has no types of which one could be meant.
        HostGuest? found = machine is not null ? null : host.Guests.FirstOrDefault(guest => (emulator is null || guest.Emulator == emulator)
            && (arch is null || guest.Architecture == arch) && (virttype is null || guest.DomainTypes.Contains(virttype)));
        if (found is not null)
            return found;
        StringBuilder asked = new();
        foreach ((string name, string? value) in (ReadOnlySpan<(string, string?)>)[("arch", arch), ("domaintype", virttype), ("emulator", emulator), ("machine", machine)])
        {
            if (value is not null)
                asked.Append(name).Append('=').Append(value).Append(' ');
        }

        throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.None, $"could not find capabilities for {asked}");
    }
}

using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>What is asked most often: state, numbers, text.</summary>
internal sealed partial class TestDomainDriver
{
    private const DomainXmlFlags CommonXmlFlags = DomainXmlFlags.Secure | DomainXmlFlags.Inactive | DomainXmlFlags.Migratable;

    public override ValueTask<DomainGetInfoRet> GetInfo(CallContext call, DomainRef dom)
    {
        DomainView view = View(dom);
        DomainDefinition definition = view.Definition;
        return new(new DomainGetInfoRet
        {
            State = (byte)view.State,
            MaxMem = definition.MaxMemory,
            Memory = definition.Memory,
            NrVirtCpu = (ushort)definition.Vcpus,
            CpuTime = (ulong)Microseconds() * 1000,
        });
    }

    public override ValueTask<DomainGetStateRet> GetState(CallContext call, DomainRef dom, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainGetState");
        DomainView view = View(dom);
        return new(new DomainGetStateRet { State = (int)view.State, Reason = view.Reason });
    }

    public override ValueTask<string> GetXmlDesc(CallContext call, DomainRef dom, DomainXmlFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)CommonXmlFlags, "testDomainGetXMLDesc");
        DomainView view = View(dom);
        DomainDefinition definition = (flags & DomainXmlFlags.Inactive) != 0 ? view.Pending ?? view.Definition : view.Definition;
        return new(definition.Text(flags));
    }

    public override ValueTask<string> GetOsType(CallContext call, DomainRef dom) => new("linux");

    public override ValueTask<bool> IsActive(CallContext call, DomainRef dom) => new(View(dom).IsActive);

    public override ValueTask<bool> IsPersistent(CallContext call, DomainRef dom) => new(View(dom).IsPersistent);

    public override ValueTask<bool> IsUpdated(CallContext call, DomainRef dom) => new(false);

    public override ValueTask<bool> HasManagedSaveImage(CallContext call, DomainRef dom, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainHasManagedSaveImage");
        return new(View(dom).HasManagedSave);
    }

    /// <summary>Upstream's server always says that it takes strings, and its test driver always refuses that.</summary>
    public override ValueTask<TypedParam[]> GetLaunchSecurityInfo(CallContext call, DomainRef dom, TypedParameterFlags flags)
    {
        FlagCheck.Require((uint)(flags | TypedParameterFlags.Okay), 0, "testDomainGetLaunchSecurityInfo");
        return new([]);
    }

    /// <summary>Microseconds since 1970, from the host's clock.</summary>
    private long Microseconds() => (Host.Time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
}

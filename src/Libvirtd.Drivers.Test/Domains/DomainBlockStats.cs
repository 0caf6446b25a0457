using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>A disk's figures in full, which upstream's test driver lacks.</summary>
internal sealed partial class TestDomainDriver
{
    public override ValueTask<TypedParam[]> BlockStatsFlags(CallContext call, DomainRef dom, string path, TypedParameterFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)TypedParameterFlags.Okay, "testDomainBlockStatsFlags");
        DomainDefinition definition = ActiveView(dom).Definition;
        // Without a path the sum over all disks is meant.
        long disks = 1;
        if (path.Length == 0)
            disks = definition.Document.Disks.Count();
        else if (Images.FindDisk(definition, path) is null)
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, $"invalid path: {path}");
        long time = Microseconds();
        DomainBlockStatsRet figures = IoFigures.OfDisk(time);
        return new(
        [
            new TypedParam("rd_bytes", figures.RdBytes * disks),
            new TypedParam("rd_operations", figures.RdReq * disks),
            new TypedParam("rd_total_times", (long)IoFigures.ReadNanoseconds(time) * disks),
            new TypedParam("wr_bytes", figures.WrBytes * disks),
            new TypedParam("wr_operations", figures.WrReq * disks),
            new TypedParam("wr_total_times", (long)IoFigures.WriteNanoseconds(time) * disks),
            new TypedParam("flush_operations", (long)IoFigures.Flushes(time) * disks),
            new TypedParam("flush_total_times", (long)IoFigures.FlushNanoseconds(time) * disks),
            new TypedParam("errs", figures.Errs * disks),
        ]);
    }
}

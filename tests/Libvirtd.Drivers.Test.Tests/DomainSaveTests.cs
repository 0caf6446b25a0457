using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class DomainSaveTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("testdriver").FullName;

    private string Image => Path.Combine(_folder, "image");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_saved_domain_is_restored()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        await host.Domains.Save(Call, test, Image);
        Assert.Equal((DomainState.Shutoff, 5), host.State(test));
        await host.Domains.Restore(Call, Image);
        Assert.Equal((DomainState.Running, 3), host.State(test));
        Assert.Equal(["test Stopped 4", "test Started 2"], host.TakeEvents());
    }

    [Fact]
    public async Task The_image_holds_the_document()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        string xml = host.DomainXml(test, DomainXmlFlags.Inactive);
        await host.Domains.Save(Call, test, Image);
        Assert.Equal(xml, await host.Domains.SaveImageGetXmlDesc(Call, Image, DomainSaveImageXmlFlags.None));
        await host.Domains.SaveImageDefineXml(Call, Image, Xml("other"), DomainSaveRestoreFlags.None);
        await host.Domains.Restore(Call, Image);
        Assert.Equal(2, host.Find("other").Id);
    }

    [Fact]
    public async Task Bad_images_are_named()
    {
        await using Hypervisor host = await OpenAsync();
        VirException missing = await Assert.ThrowsAsync<VirException>(async () => await host.Domains.Restore(Call, Image));
        Assert.Equal((ErrorCode.SystemError, $"cannot read domain image '{Image}': No such file or directory"), (missing.Code, missing.Message));
        await File.WriteAllTextAsync(Image, "this is no image of a domain", Call.Cancellation);
        VirException bad = await Assert.ThrowsAsync<VirException>(async () => await host.Domains.Restore(Call, Image));
        Assert.Equal("internal error: mismatched header magic", bad.Message);
    }

    [Fact]
    public async Task A_managed_save_keeps_the_domain_from_being_undefined()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        await host.Domains.ManagedSave(Call, test, DomainSaveRestoreFlags.None);
        Assert.True(await host.Domains.HasManagedSaveImage(Call, test, 0));
        Assert.Equal("Requested operation is not valid: Refusing to undefine while domain managed save image exists",
            Fails(() => host.Domains.Undefine(Call, test)).Text);
        await host.Domains.Create(Call, test);
        Assert.False(await host.Domains.HasManagedSaveImage(Call, test, 0));
        Assert.Equal("Requested operation is not valid: cannot do managed save for transient domain",
            Fails(() => host.Domains.ManagedSave(Call, host.Start("passing"), DomainSaveRestoreFlags.None)).Text);
    }

    [Fact]
    public async Task A_core_dump_can_end_the_domain()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        await host.Domains.CoreDump(Call, test, Image, DomainCoreDumpFlags.None);
        Assert.Equal(15, new FileInfo(Image).Length);
        await host.Domains.CoreDump(Call, test, Image, DomainCoreDumpFlags.Crash);
        Assert.Equal((DomainState.Shutoff, 3), host.State(test));
        Assert.Equal(["test Stopped 2"], host.TakeEvents());
    }
}

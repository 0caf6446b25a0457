using Libvirtd.Daemon.Configuration;

namespace Libvirtd.Daemon.Tests;

public class DaemonPathsTests
{
    [Fact]
    public void System_mode_uses_the_machines_folders()
    {
        DaemonPaths paths = DaemonPaths.Of(privileged: true, name => name == "XDG_RUNTIME_DIR" ? "/run/user/0" : null);
        Assert.Equal("/etc/libvirt/libvirtd.conf", paths.ConfigFile);
        Assert.Equal("/run/libvirtd.pid", paths.PidFile);
        Assert.Equal(new("/run/libvirt/libvirt-sock", "/run/libvirt/libvirt-sock-ro", "/run/libvirt/libvirt-admin-sock"), paths.Sockets(null));
        Assert.Equal(new("/d/libvirt-sock", "/d/libvirt-sock-ro", "/d/libvirt-admin-sock"), paths.Sockets("/d"));
    }

    [Fact]
    public void Session_mode_uses_the_users_folders()
    {
        DaemonPaths paths = DaemonPaths.Of(privileged: false, name => name switch
        {
            "HOME" => "/home/u",
            "XDG_RUNTIME_DIR" => "/run/user/7",
            _ => null,
        });
        Assert.Equal("/home/u/.config/libvirt/libvirtd.conf", paths.ConfigFile);
        Assert.Equal("/run/user/7/libvirt/libvirtd.pid", paths.PidFile);
        Assert.Equal("/home/u/.cache/libvirt/libvirtd.log", paths.LogFile);
        Assert.Equal(new("/run/user/7/libvirt/libvirt-sock", null, "/run/user/7/libvirt/libvirt-admin-sock"), paths.Sockets(null));
        Assert.Equal(new("/d/libvirt-sock", null, null), paths.Sockets("/d"));
    }

    [Fact]
    public void Without_a_runtime_folder_sockets_live_in_the_cache() =>
        Assert.Equal(
            "/home/u/.cache/libvirt/libvirt-sock",
            DaemonPaths.Of(privileged: false, name => name == "HOME" ? "/home/u" : null).Sockets(null).ReadWrite);
}

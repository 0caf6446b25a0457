using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test.Tests.Login;

/// <summary>Hosts whose file names users open with the credentials that the server has, and else not.</summary>
public sealed class HostUsersTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lv-login-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("username=astrochicken\npassword=123456")]
    [InlineData("# a comment\n\n username = superuser")]
    [InlineData("username=superuser\npassword=never looked at")]
    public async Task Credentials_of_a_user_open_the_host(string credentials)
    {
        await using Hypervisor host = await OpenAsync($"[credentials-mine]\n{credentials}\n[auth-test-localhost]\ncredentials=mine\n");
        Assert.Equal("fv0", host.Find("fv0").Name);
    }

    [Fact]
    public async Task A_group_for_all_hosts_serves_where_none_names_this_one() =>
        await (await OpenAsync("[credentials-mine]\nusername=superuser\n[auth-test-default]\ncredentials=mine\n")).DisposeAsync();

    [Theory]
    [InlineData("username=astrochicken\npassword=12345", ErrorCode.AuthFailed, "authentication failed: authentication failed, see test XML for the correct username/password")]
    [InlineData("username=astrochicken", ErrorCode.InvalidArg, "invalid argument: Missing authentication credentials")]
    [InlineData("username=nobody\npassword=123456", ErrorCode.AuthFailed, "authentication failed: authentication failed, see test XML for the correct username/password")]
    [InlineData("username=nobody", ErrorCode.InvalidArg, "invalid argument: Missing authentication credentials")]
    [InlineData("password=123456", ErrorCode.InvalidArg, "invalid argument: Missing authentication credentials")]
    public async Task Other_credentials_do_not(string credentials, ErrorCode code, string message)
    {
        VirException refused = await Assert.ThrowsAsync<VirException>(
            () => OpenAsync($"[credentials-mine]\n{credentials}\n[auth-test-localhost]\ncredentials=mine\n"));
        Assert.Equal((code, message), (refused.Code, refused.Message));
    }

    [Theory]
    [InlineData("", ErrorCode.InvalidArg, "invalid argument: Missing authentication credentials")]
    [InlineData("[auth-esx-localhost]\ncredentials=mine\n", ErrorCode.InvalidArg, "invalid argument: Missing authentication credentials")]
    [InlineData("[auth-test-localhost]\n", ErrorCode.ConfSyntax,
        "configuration file syntax error: Missing item 'credentials' in group 'auth-test-localhost' in '{0}'")]
    [InlineData("[auth-test-localhost]\ncredentials=nix\n", ErrorCode.ConfSyntax,
        "configuration file syntax error: Missing group 'credentials-nix' referenced from group 'auth-test-localhost' in '{0}'")]
    [InlineData("[auth-test-localhost\ncredentials=nix\n", ErrorCode.ConfSyntax,
        "configuration file syntax error: line 1 of '{0}' is neither a [group] nor a key = value within one")]
    public async Task A_file_without_them_or_with_a_fault_does_not(string file, ErrorCode code, string message)
    {
        VirException refused = await Assert.ThrowsAsync<VirException>(() => OpenAsync(file));
        Assert.Equal((code, message.Replace("{0}", AuthFile, StringComparison.Ordinal)), (refused.Code, refused.Message));
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_named()
    {
        VirException refused = await Assert.ThrowsAsync<VirException>(() => OpenAsync(null));
        Assert.Equal((ErrorCode.SystemError, $"Failed to open file '{AuthFile}': No such file or directory"), (refused.Code, refused.Message));
    }

    private string AuthFile => Path.Join(_folder, "auth.conf");

    private async Task<Hypervisor> OpenAsync(string? authFile)
    {
        string node = Path.Join(_folder, "node.xml");
        await File.WriteAllTextAsync(node, $"""
            <node><auth><user password='123456'>astrochicken</user><user>superuser</user></auth>{Hypervisor.Xml("fv0")}</node>
            """, TestContext.Current.CancellationToken);
        if (authFile is not null)
            await File.WriteAllTextAsync(AuthFile, authFile, TestContext.Current.CancellationToken);
        return await Hypervisor.OpenAsync(new TestDriver(TimeProvider.System, new IdentitySource(1)) { AuthFile = AuthFile }, $"test://{node}");
    }
}

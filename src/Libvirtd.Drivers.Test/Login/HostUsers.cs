using System.Security.Cryptography;
using System.Text;
using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// The login of a host whose file names users in <c>&lt;auth&gt;</c>. A remote client cannot be asked: as on upstream's server, what opens the host is
/// what the server's own <c>auth.conf</c> holds for the service <c>test</c> on <c>localhost</c>.
/// </summary>
internal static class HostUsers
{
    /// <param name="users">Who may open the host; nobody named lets everybody in.</param>
    /// <param name="credentials">The path of the file with the credentials; null where there is none.</param>
    /// <exception cref="VirException">No credentials (VIR_ERR_INVALID_ARG), or not those of a user (VIR_ERR_AUTH_FAILED).</exception>
    public static void Check(IReadOnlyList<TestUser> users, string? credentials)
    {
        if (users.Count == 0)
            return;
        CredentialsFile? file = credentials is null ? null : CredentialsFile.Read(credentials);
        string name = Find(file, "username");
        TestUser? user = users.FirstOrDefault(user => user.Name == name);
        // Who is unknown is asked for a password too.
        string? password = user is { Password: null } ? null : Find(file, "password");
        if (user is null || (password is not null && !CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(password), Encoding.UTF8.GetBytes(user.Password!))))
        {
            throw VirException.Of(ErrorCode.AuthFailed, ErrorDomain.Test,
                "authentication failed, see test XML for the correct username/password");
        }
    }

    private static string Find(CredentialsFile? file, string key) => file?.Find("test", "localhost", key)
        ?? throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Auth, "Missing authentication credentials");
}
